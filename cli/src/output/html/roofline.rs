//! The roofline picture: GFLOP/s over operations per byte, both logarithmic, with the ceilings that the machine has.

use super::ceilings::{Ceilings, Point, scales};
use super::labels::{Area, Room, text_width};
use super::scale::{LogScale, power_of_two};
use super::series::Series;
use super::text::Text;
use crate::machine::Bandwidth;
use crate::measure::Row;
use crate::output::distinct::distinct;
use crate::output::figures::{shape, significant, threads_text};
use std::fmt::{self, Formatter, Write};

const WIDTH: f64 = 960.0;
const HEIGHT: f64 = 560.0;
/// Left, top, right, bottom edge of the plot.
const PLOT: [f64; 4] = [64.0, 12.0, 948.0, 508.0];

/// Writes the picture of all rows with this number of threads.
pub(super) fn write(f: &mut Formatter<'_>, rows: &[Row], bandwidths: &[Bandwidth], threads: usize) -> fmt::Result {
    let points = rows.iter().enumerate().filter(|(_, row)| row.threads == threads);
    let points: Vec<Point<'_>> = points.map(|(i, row)| Point { number: i + 1, row }).collect();
    let ceilings = Ceilings::new(&points, bandwidths.iter().filter(|b| b.threads == threads));
    Picture { threads, scales: scales(&points, &ceilings, PLOT), points, ceilings }.write(f)
}

struct Picture<'a> {
    threads: usize,
    points: Vec<Point<'a>>,
    ceilings: Ceilings<'a>,
    scales: [LogScale; 2],
}

impl Picture<'_> {
    fn write(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let id = format!("roofline-{}", self.threads);
        let threads = threads_text(self.threads);
        writeln!(f, "<figure>\n<figcaption><b>{threads}</b> {}</figcaption>", self.legend())?;
        writeln!(
            f,
            "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-labelledby=\"{id} {id}-text\">\n\
             <title id=\"{id}\">Roofline, {threads}</title>\n<desc id=\"{id}-text\">{}</desc>",
            Text(&self.description())
        )?;
        let mut room = Room::new(Area(PLOT));
        self.grid(f)?;
        self.points.iter().for_each(|point| room.take(Area::around(self.place(point), 12.0, 12.0)));
        self.peaks(f, &mut room)?;
        self.slopes(f, &mut room)?;
        self.marks(f, &mut room)?;
        writeln!(f, "</svg>\n</figure>")
    }

    fn place(&self, point: &Point<'_>) -> [f64; 2] {
        let [x, y] = point.position();
        [self.scales[0].at(x), self.scales[1].at(y)]
    }

    fn legend(&self) -> String {
        let entry = |text: &str, marker: String| {
            format!(
                "<span class=\"key\"><svg viewBox=\"-8 -8 16 16\" aria-hidden=\"true\">{marker}</svg>{}</span>",
                Text(text)
            )
        };
        let rows = || self.points.iter().map(|point| point.row);
        let mut text: String = distinct(rows().map(|row| row.op))
            .into_iter()
            .map(Series::of)
            .map(|series| entry(series.name, series.marker([0.0; 2], "hwc")))
            .collect();
        if rows().any(|row| row.layout == "chw") {
            text += &entry("hollow: CHW", Series::of("").marker([0.0; 2], "chw"));
        }
        text
    }

    /// For those who cannot see the picture.
    fn description(&self) -> String {
        let list = |values: &[(&str, f64)], unit: &str| {
            let texts: Vec<String> =
                values.iter().map(|(name, value)| format!("{name} {} {unit}", significant(*value))).collect();
            texts.join(", ")
        };
        format!(
            "GFLOP/s over operations per byte, both axes logarithmic. FMA peak: {}. Copying: {}. {} points, numbered as the \
             rows of the table of results.",
            list(&self.ceilings.peaks, "GFLOP/s"),
            list(&self.ceilings.copies, "GB/s"),
            self.points.len()
        )
    }

    fn grid(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let ([left, top, right, bottom], [x_axis, y_axis]) = (PLOT, self.scales);
        let mut lines = String::new();
        for value in x_axis.powers_of_two(14) {
            let x = x_axis.at(value);
            write!(lines, "M{x:.1} {top}V{bottom}")?;
            let label = power_of_two(value);
            writeln!(
                f,
                "<text class=\"tick\" x=\"{x:.1}\" y=\"{}\" text-anchor=\"middle\">{label}</text>",
                bottom + 17.0
            )?;
        }
        for value in y_axis.one_two_five() {
            let y = y_axis.at(value);
            write!(lines, "M{left} {y:.1}H{right}")?;
            writeln!(
                f,
                "<text class=\"tick\" x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{value}</text>",
                left - 7.0,
                y + 4.0
            )?;
        }
        writeln!(f, "<path class=\"grid\" d=\"{lines}\"/>")?;
        let (x, y) = ((left + right) / 2.0, (top + bottom) / 2.0);
        writeln!(
            f,
            "<text class=\"axis\" x=\"{x}\" y=\"{}\" text-anchor=\"middle\">operations per byte (FLOP/B)</text>",
            HEIGHT - 10.0
        )?;
        writeln!(
            f,
            "<text class=\"axis\" transform=\"translate(16 {y}) rotate(-90)\" text-anchor=\"middle\">GFLOP/s</text>"
        )
    }

    /// A horizontal line for each instruction set, from the fastest level's slope to the right edge.
    fn peaks(&self, f: &mut Formatter<'_>, room: &mut Room) -> fmt::Result {
        let [x_axis, y_axis] = self.scales;
        let fastest = self.ceilings.copies.first().map_or(f64::INFINITY, |copy| copy.1);
        for (isa, gflops) in &self.ceilings.peaks {
            let (from, y) = (x_axis.at(gflops / fastest), y_axis.at(*gflops));
            writeln!(f, "<path class=\"roof\" d=\"M{from:.1} {y:.1}H{}\"/>", PLOT[2])?;
            let text = format!("FMA peak, {isa}: {} GFLOP/s", significant(*gflops));
            let width = text_width(&text);
            let rights = (0..6).map(|step| PLOT[2] - 6.0 - f64::from(step) * 60.0);
            let places = rights.flat_map(|right| [[right, y - 6.0], [right, y + 15.0]]);
            let choices = places.map(|[x, y]| ([x, y], vec![Area([x - width, y - 11.0, x, y + 3.0])]));
            let [x, y] = room.place(choices).unwrap_or([PLOT[2] - 6.0, y - 6.0]);
            writeln!(
                f,
                "<text class=\"ceiling\" x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"end\">{}</text>",
                Text(&text)
            )?;
        }
        Ok(())
    }

    /// A sloping line for each level of the memory, up to the peak.
    fn slopes(&self, f: &mut Formatter<'_>, room: &mut Room) -> fmt::Result {
        let [x_axis, y_axis] = self.scales;
        let angle = (y_axis.per_e() / x_axis.per_e()).atan();
        for (level, gb_s) in &self.ceilings.copies {
            let left = x_axis.lo().max(y_axis.lo() / gb_s);
            let ridge = self.ceilings.peak() / gb_s;
            let [from, to] = [left, ridge].map(|x| [x_axis.at(x), y_axis.at(x * gb_s)]);
            writeln!(f, "<path class=\"roof\" d=\"M{:.1} {:.1}L{:.1} {:.1}\"/>", from[0], from[1], to[0], to[1])?;
            let text = format!("{level} copy: {} GB/s", significant(*gb_s));
            let width = text_width(&text);
            // A turned label covers a chain of small squares just above the line.
            let along = |start: f64, distance: f64| {
                let (x, y) = (from[0] + start + distance * angle.cos(), from[1] + distance * angle.sin());
                [x + 7.0 * angle.sin(), y + start * angle.tan() - 7.0 * angle.cos()]
            };
            let last = (to[0] - from[0] - width * angle.cos() - 8.0).max(9.0);
            let starts = (0..40).map(|step| 8.0 + f64::from(step) * 16.0).filter(|start| *start < last);
            let choices = starts.map(|start| {
                let squares = (0..).map(|i| f64::from(i) * 8.0).take_while(|distance| *distance <= width);
                (start, squares.map(|distance| Area::around(along(start, distance), 12.0, 12.0)).collect())
            });
            let start = room.place(choices).unwrap_or(8.0);
            let (x, y) = (from[0] + start, from[1] + start * angle.tan());
            writeln!(
                f,
                "<text class=\"ceiling\" transform=\"translate({x:.1} {y:.1}) rotate({:.2})\" y=\"-5\">{}</text>",
                angle.to_degrees(),
                Text(&text)
            )?;
        }
        Ok(())
    }

    /// Points, and their numbers where there is room.
    fn marks(&self, f: &mut Formatter<'_>, room: &mut Room) -> fmt::Result {
        for point in &self.points {
            let place = self.place(point);
            let marker = Series::of(point.row.op).marker(place, point.row.layout);
            writeln!(f, "<g class=\"point\"><title>{}</title>{marker}</g>", Text(&tooltip(point)))?;
        }
        for point in &self.points {
            let ([x, y], text) = (self.place(point), point.number.to_string());
            let (width, side) = (text_width(&text) - 1.0, 9.0);
            let half = side + width / 2.0;
            let centres = [
                [x + half, y],
                [x - half, y],
                [x, y - 13.0],
                [x, y + 13.0],
                [x + half, y - 10.0],
                [x + half, y + 10.0],
            ];
            let choices = centres.map(|centre| (centre, vec![Area::around(centre, width, 11.0)]));
            if let Some([x, y]) = room.place(choices) {
                writeln!(
                    f,
                    "<text class=\"number\" x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{text}</text>",
                    y + 3.5
                )?;
            }
        }
        Ok(())
    }
}

fn tooltip(point: &Point<'_>) -> String {
    let row = point.row;
    format!(
        "{}: {} {}, {} {} {}, {}: {} GFLOP/s at {} FLOP/B, {:.0} % of the roofline",
        point.number,
        row.suite,
        row.name,
        Series::of(row.op).name,
        shape(row),
        row.layout,
        row.isa,
        significant(row.gflops),
        significant(point.position()[0]),
        row.pct_roofline
    )
}
