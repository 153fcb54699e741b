"""sepconv.torch against torch on the CPU: modules, models rewritten in place, the registered operator."""

import pytest

torch = pytest.importorskip("torch")

import sepconv.torch as st
from torch import nn


def randomised(model):
    """Norms with statistics of their own, so that folding them means something."""
    torch.manual_seed(7)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.uniform_(-1, 1)
            module.running_var.uniform_(0.5, 2)
            module.weight.data.uniform_(0.5, 2)
            module.bias.data.uniform_(-1, 1)
    return model.eval()


def block(cin, cout, stride=1, activation=nn.ReLU6, kernel=3, multiplier=1, bias=False, norm=True, **window):
    between = lambda c: ([nn.BatchNorm2d(c)] if norm else []) + ([activation()] if activation else [])
    middle = cin * multiplier
    return [
        nn.Conv2d(cin, middle, kernel, stride, groups=cin, bias=bias, **{"padding": kernel // 2, **window}), *between(middle),
        nn.Conv2d(middle, cout, 1, bias=bias), *between(cout),
    ]


def mobilenet_v1():
    layers = [nn.Conv2d(3, 32, 3, 2, 1, bias=False), nn.BatchNorm2d(32), nn.ReLU6()]
    for cin, cout, stride in [(32, 64, 1), (64, 128, 2), (128, 128, 1), (128, 256, 2)]:
        layers.append(nn.Sequential(*block(cin, cout, stride)))
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(256, 10))


@pytest.mark.parametrize("order", [torch.contiguous_format, torch.channels_last])
def test_mobilenet_is_rewritten_and_computes_the_same(order):
    model = randomised(mobilenet_v1())
    x = torch.randn(2, 3, 64, 64).to(memory_format=order)
    with torch.no_grad():
        want = model(x)
        names = [name for name, _ in model.named_children()]
        assert st.replace_separable(model) == 4
        assert sum(isinstance(m, st.SeparableConv2d) for m in model.modules()) == 4
        assert [name for name, _ in model.named_children()] == names
        torch.testing.assert_close(model(x), want, rtol=1e-4, atol=1e-4)
        assert st.replace_separable(model) == 0


@pytest.mark.parametrize("activation", [None, nn.ReLU, nn.ReLU6, nn.Hardswish, nn.SiLU, nn.LeakyReLU, nn.Hardtanh])
@pytest.mark.parametrize("options", [
    dict(), dict(bias=True), dict(norm=False), dict(kernel=5, stride=2), dict(multiplier=3), dict(kernel=3, dilation=2, padding="same"),
    dict(kernel=4, padding="same"), dict(padding="valid"), dict(padding=(0, 2)),
])
def test_modules(activation, options):
    modules = block(6, 10, activation=activation, **options)
    model = randomised(nn.Sequential(*modules))
    fused = st.SeparableConv2d.from_modules(list(model))
    for order in (torch.contiguous_format, torch.channels_last):
        x = torch.randn(2, 6, 13, 11).to(memory_format=order)
        with torch.no_grad():
            got = fused(x)
            torch.testing.assert_close(got, model(x), rtol=1e-4, atol=1e-4)
            assert got.is_contiguous(memory_format=order)


def test_pairs_in_nested_containers_are_found():
    dw = nn.Sequential(nn.Conv2d(8, 8, 3, padding=1, groups=8, bias=False), nn.BatchNorm2d(8), nn.ReLU6())
    model = randomised(nn.Sequential(nn.Sequential(nn.Conv2d(4, 8, 1), nn.ReLU6()), dw, nn.Conv2d(8, 4, 1), nn.BatchNorm2d(4)))
    x = torch.randn(1, 4, 9, 9)
    with torch.no_grad():
        want = model(x)
        assert st.replace_separable(model) == 1
        torch.testing.assert_close(model(x), want, rtol=1e-4, atol=1e-4)


def test_what_is_no_pair_is_left_alone():
    for modules in [
        [nn.Conv2d(8, 8, 3, groups=4), nn.Conv2d(8, 4, 1)],
        [nn.Conv2d(8, 8, 3, groups=8, padding=1, padding_mode="reflect"), nn.Conv2d(8, 4, 1)],
        [nn.Conv2d(8, 8, 3, groups=8), nn.Conv2d(8, 4, 3)],
        [nn.Conv2d(8, 8, 3, groups=8), nn.Conv2d(8, 4, 1, stride=2)],
        [nn.Conv2d(8, 8, 3, groups=8), nn.Conv2d(8, 4, 1, groups=2)],
        [nn.Conv2d(8, 8, 3, groups=8), nn.GELU(), nn.Conv2d(8, 4, 1)],
        [nn.Conv2d(8, 8, 3, groups=8), nn.ReLU(), nn.BatchNorm2d(8), nn.Conv2d(8, 4, 1)],
        [nn.Conv2d(8, 8, 3, groups=8).double(), nn.Conv2d(8, 4, 1).double()],
    ]:
        assert st.replace_separable(nn.Sequential(*modules).eval()) == 0

    class Own(nn.Sequential):
        def forward(self, x):
            return super().forward(x) + x

    assert st.replace_separable(Own(*block(8, 8)).eval()) == 0
    hooked = nn.Sequential(*block(8, 8)).eval()
    hooked[1].register_forward_hook(lambda *_: None)
    assert st.replace_separable(hooked) == 0


def test_norms_in_training_are_refused():
    with pytest.raises(ValueError, match="eval"):
        st.replace_separable(nn.Sequential(*block(4, 4)).train())


def test_changed_weights_are_noticed():
    fused = st.SeparableConv2d(torch.ones(4, 1, 3, 3), torch.ones(2, 4, 1, 1))
    x = torch.ones(1, 4, 3, 3)
    assert fused(x)[0, 0, 0, 0] == 36
    fused.depthwise_weight.mul_(2)
    assert fused(x)[0, 0, 0, 0] == 72
    fused.load_state_dict({name: torch.zeros_like(value) for name, value in fused.state_dict().items()})
    assert fused(x)[0, 0, 0, 0] == 0
    for value in range(20):  # memory that is used again
        again = st.SeparableConv2d(torch.full((4, 1, 3, 3), float(value)), torch.ones(2, 4, 1, 1))
        assert again(x)[0, 0, 0, 0] == 36 * value
    with torch.inference_mode():
        assert st.SeparableConv2d(torch.ones(4, 1, 3, 3), torch.ones(2, 4, 1, 1))(x)[0, 0, 0, 0] == 36


def test_packed_weights_go_with_their_tensors():
    before = len(st._packed)
    fused = st.SeparableConv2d(torch.ones(4, 1, 3, 3), torch.ones(2, 4, 1, 1))
    fused(torch.ones(1, 4, 3, 3))
    assert len(st._packed) == before + 1
    del fused
    assert len(st._packed) == before


@pytest.mark.parametrize("order", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("bias", [False, True])
def test_opcheck(order, bias):
    x = torch.randn(2, 6, 9, 8).to(memory_format=order)
    biases = (torch.randn(12), torch.randn(5)) if bias else (None, None)
    arguments = (x, torch.randn(12, 1, 3, 3), torch.randn(5, 12, 1, 1), *biases, [2, 1], [1, 0, 2, 1], [1, 2], "relu6", "clamp:0:1")
    result = torch.library.opcheck(torch.ops.sepconv.separable_conv2d.default, arguments)
    assert set(result.values()) == {"SUCCESS"}, result


def test_export():
    model = randomised(nn.Sequential(*block(4, 6)))
    st.replace_separable(model)
    x = torch.randn(1, 4, 12, 12)
    exported = torch.export.export(model, (x,))
    assert any("sepconv.separable_conv2d" in str(node.target) for node in exported.graph.nodes)
    torch.testing.assert_close(exported.module()(x), model(x))


def test_requests_that_do_not_fit_are_errors():
    with pytest.raises(ValueError, match="channels"):
        st.SeparableConv2d(torch.ones(4, 1, 3, 3), torch.ones(2, 5, 1, 1))(torch.ones(1, 4, 5, 5))
    with pytest.raises(ValueError, match="not a depthwise"):
        st.SeparableConv2d.from_modules([nn.Conv2d(4, 4, 3)])
