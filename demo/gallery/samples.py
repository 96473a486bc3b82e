"""Six landscapes, drawn here, for a gallery whose visitor has no pictures at hand."""

import math
import random
from dataclasses import dataclass
from io import BytesIO

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image, ImageDraw, ImageFilter

WIDTH, HEIGHT = 1600, 1200  # pixels
SMOOTH = 2  # drawn this many times larger, then reduced: smooth edges


@dataclass(frozen=True)
class Scene:
    """A sky with a sun or moon, ridges from the farthest to the nearest, maybe water below them.

    Heights and positions are fractions of the picture, from its top left corner.
    """

    name: str
    sky: tuple[str, ...]
    sun: tuple[float, float, float]  # x, y, radius
    sunlight: str
    ridges: tuple[tuple[float, float, float, str], ...]  # height, swing, ruggedness, colour
    stars: int = 0
    shore: float = 0  # where the water begins; 0: no water
    trees: int = 0


SCENES = (
    Scene(
        "Dawn over the ridges",
        ("#33427a", "#a56a9c", "#f39a86", "#ffd9a0"),
        (0.66, 0.47, 0.055),
        "#fff1cf",
        (
            (0.58, 0.05, 0.9, "#c98aa0"),
            (0.66, 0.07, 0.8, "#95648f"),
            (0.77, 0.08, 0.7, "#5d4778"),
            (0.90, 0.07, 0.6, "#2d2a55"),
        ),
    ),
    Scene(
        "Lake in the evening",
        ("#243b6b", "#5d6fa8", "#e8a18c", "#ffd0a1"),
        (0.30, 0.46, 0.05),
        "#fff0d4",
        ((0.50, 0.09, 1.0, "#7a6f9f"), (0.57, 0.06, 0.9, "#473f70")),
        shore=0.62,
    ),
    Scene(
        "Night in the pines",
        ("#050b24", "#0d2148", "#1d4b6e", "#4b8f97"),
        (0.74, 0.22, 0.04),
        "#f4f6e6",
        ((0.66, 0.08, 0.9, "#17405c"), (0.76, 0.06, 0.8, "#0e2a42"), (0.90, 0.03, 0.4, "#061626")),
        stars=260,
        trees=46,
    ),
    Scene(
        "Dunes at noon",
        ("#3f93c8", "#8fc7e0", "#e6efe4"),
        (0.22, 0.22, 0.045),
        "#ffffff",
        (
            (0.56, 0.03, 0.1, "#e9c48d"),
            (0.66, 0.09, 0.0, "#dca262"),
            (0.80, 0.10, 0.0, "#c47f42"),
            (0.95, 0.08, 0.0, "#9b5a2e"),
        ),
    ),
    Scene(
        "Winter morning",
        ("#7fa8cf", "#b9d3e8", "#f7e9e4"),
        (0.52, 0.42, 0.045),
        "#fffaf0",
        ((0.55, 0.10, 1.0, "#a9c1d8"), (0.68, 0.06, 0.7, "#d3e1ed"), (0.86, 0.04, 0.2, "#f3f7fb")),
        trees=14,
    ),
    Scene(
        "Green hills",
        ("#3c8ed0", "#8cc6ec", "#dff1f2"),
        (0.80, 0.20, 0.05),
        "#fffbe0",
        (
            (0.57, 0.05, 0.4, "#8fc0a4"),
            (0.67, 0.07, 0.1, "#62a878"),
            (0.80, 0.08, 0.0, "#3f8a56"),
            (0.95, 0.06, 0.0, "#256b41"),
        ),
    ),
)


def sample_files():
    """The six pictures as uploaded files, JPEG, the same bytes every time."""
    return [as_upload(scene, draw(scene)) for scene in SCENES]


def as_upload(scene, picture):
    content = BytesIO()
    picture.save(content, "JPEG", quality=88)
    name = scene.name.replace(" ", "_") + ".jpg"
    return SimpleUploadedFile(name, content.getvalue(), "image/jpeg")


def draw(scene):
    size = (WIDTH * SMOOTH, HEIGHT * SMOOTH)
    dice = random.Random(scene.name)
    picture = gradient(scene.sky, (WIDTH, HEIGHT)).resize(size)
    scatter_stars(picture, scene, dice)
    shine(picture, scene)
    for number, ridge in enumerate(scene.ridges, 1):
        line = ridge_line(ridge, size, dice)
        brush = ImageDraw.Draw(picture)
        if number == len(scene.ridges):
            plant_trees(brush, scene, line, ridge[3], dice)
        brush.polygon([*line, (size[0], size[1]), (0, size[1])], fill=ridge[3])
    if scene.shore:
        mirror(picture, scene, dice)
    return picture.resize((WIDTH, HEIGHT), Image.Resampling.BOX)


def gradient(colours, size):
    """The colours from top to bottom, evenly spaced, blended."""
    column = Image.new("RGB", (1, len(colours)))
    for y, colour in enumerate(colours):
        column.paste(colour, (0, y, 1, y + 1))
    # Interpolation is between pixel centres: cut off the flat half pixel at either end.
    return column.resize(size, Image.Resampling.BILINEAR, (0, 0.5, 1, len(colours) - 0.5))


def scatter_stars(picture, scene, dice):
    brush = ImageDraw.Draw(picture)
    for _ in range(scene.stars):
        x, y = dice.uniform(0, picture.width), dice.uniform(0, picture.height * 0.6)
        brush.circle((x, y), dice.choice((1.5, 2, 2, 3, 4)), fill="#e9f1ff")


def shine(picture, scene):
    """The sun or moon, in a wide glow."""
    x, y, radius = (part * picture.height for part in scene.sun)
    x = scene.sun[0] * picture.width
    small = Image.new("L", (picture.width // 16, picture.height // 16))
    centre = (x / 16, y / 16)
    ImageDraw.Draw(small).circle(centre, radius / 16 * 2.2, fill=150)
    glow = small.filter(ImageFilter.GaussianBlur(radius / 16 * 1.6)).resize(picture.size)
    picture.paste(scene.sunlight, (0, 0, *picture.size), glow)
    ImageDraw.Draw(picture).circle((x, y), radius, fill=scene.sunlight)


def ridge_line(ridge, size, dice):
    """Points from left to right: a few slow waves, with peaks upon them where it is rugged."""
    height, swing, ruggedness, _ = ridge
    waves = [(1.6, 1.0), (3.1, 0.5), *((2.3 * 1.9**n, ruggedness * 0.5**n) for n in range(1, 7))]
    phases = [dice.uniform(0, math.tau) for _ in waves]
    line = []
    for x in range(0, size[0] + 8, 8):
        lift = sum(
            force * (math.sin if n < 2 else peak)(pace * math.tau * x / size[0] / 2 + phase)
            for n, ((pace, force), phase) in enumerate(zip(waves, phases, strict=True))
        )
        line.append((x, (height - swing * lift / 2.2) * size[1]))
    return line


def peak(angle):
    """A wave with sharp crests, -1 to 1."""
    return 1 - 4 * abs((angle / math.tau) % 1 - 0.5)


def plant_trees(brush, scene, line, colour, dice):
    """Pines along a line, in the colour of the ridge that they stand on or a darker one."""
    shade = colour if scene.stars else "#33546b"
    for _ in range(scene.trees):
        x, ground = dice.choice(line)
        tall = dice.uniform(0.07, 0.15) * HEIGHT * SMOOTH
        for tier in range(4):
            top = ground + 30 - tall * (1 - tier * 0.2)
            wide = tall * (0.09 + 0.055 * tier)
            brush.polygon(
                [(x, top), (x - wide, top + tall * 0.36), (x + wide, top + tall * 0.36)], fill=shade
            )


def mirror(picture, scene, dice):
    """Water below the shore: what is above it upside down, darker, with ripples."""
    shore = int(scene.shore * picture.height)
    depth = picture.height - shore
    above = picture.crop((0, shore - depth, picture.width, shore))
    water = above.transpose(Image.Transpose.FLIP_TOP_BOTTOM).filter(ImageFilter.GaussianBlur(5))
    water = Image.blend(water, Image.new("RGB", water.size, scene.sky[0]), 0.28)
    brush = ImageDraw.Draw(water)
    for _ in range(90):
        y = depth * dice.random() ** 1.6
        x, wide = dice.uniform(0, picture.width), dice.uniform(40, 60 + 300 * y / depth)
        brush.line((x, y, x + wide, y), fill=scene.sky[-1 if y < depth / 3 else 1], width=3)
    picture.paste(water, (0, shore))
