//! Finds room for labels: none may cover a point or another label.

/// A rectangle: left, top, right, bottom.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Area(pub [f64; 4]);

impl Area {
    /// Around a centre.
    pub fn around([x, y]: [f64; 2], width: f64, height: f64) -> Self {
        Self([x - width / 2.0, y - height / 2.0, x + width / 2.0, y + height / 2.0])
    }

    fn meets(&self, other: &Self) -> bool {
        let ([l, t, r, b], [ol, ot, or, ob]) = (self.0, other.0);
        l < or && ol < r && t < ob && ot < b
    }

    fn is_inside(&self, other: &Self) -> bool {
        let ([l, t, r, b], [ol, ot, or, ob]) = (self.0, other.0);
        l >= ol && t >= ot && r <= or && b <= ob
    }
}

/// The areas of a picture that are taken.
pub(super) struct Room {
    whole: Area,
    taken: Vec<Area>,
}

impl Room {
    /// All of a picture is free.
    pub fn new(whole: Area) -> Self {
        Self { whole, taken: vec![] }
    }

    /// Nothing else may come here.
    pub fn take(&mut self, area: Area) {
        self.taken.push(area);
    }

    /// Takes the first of some choices that is free: a choice is a place and the areas that a label there covers.
    pub fn place<P>(&mut self, choices: impl IntoIterator<Item = (P, Vec<Area>)>) -> Option<P> {
        let is_free = |area: &Area| area.is_inside(&self.whole) && !self.taken.iter().any(|taken| taken.meets(area));
        let (place, areas) = choices.into_iter().find(|(_, areas)| areas.iter().all(is_free))?;
        self.taken.extend(areas);
        Some(place)
    }
}

/// About how wide a text is in the picture's small sans-serif type.
pub(super) fn text_width(text: &str) -> f64 {
    7.0 * text.chars().count() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_free_choice_is_taken() {
        let mut room = Room::new(Area([0.0, 0.0, 100.0, 100.0]));
        let choice = |name, x| (name, vec![Area::around([x, 50.0], 20.0, 20.0)]);
        assert_eq!(room.place([choice("left", 20.0), choice("right", 80.0)]), Some("left"));
        assert_eq!(room.place([choice("left", 25.0), choice("right", 80.0)]), Some("right"));
        assert_eq!(room.place([choice("left", 35.0), choice("outside", 95.0)]), None);
        assert_eq!(room.place([choice("beside", 50.0)]), Some("beside"));
    }
}
