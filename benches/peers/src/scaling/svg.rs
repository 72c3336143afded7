// SPDX-License-Identifier: MIT OR Apache-2.0

//! A picture of lines, on a light ground so that it can be read on a dark page.

use std::fmt::Write;

use crate::axis::{Axis, Scale, Unit};

const WIDTH: f64 = 680.0;
const HEIGHT: f64 = 360.0;
const LEFT: f64 = 74.0;
const RIGHT: f64 = 34.0;
const TOP: f64 = 64.0;
const BOTTOM: f64 = 52.0;

/// Told apart by those who see no colours, too: the marks differ.
const COLOURS: [&str; 4] = ["#0b62b5", "#b5490b", "#2f7d32", "#7a3fa0"];

/// What is drawn, but for the lines.
pub struct Picture {
    pub title: &'static str,
    /// What is written below.
    pub work: &'static str,
    pub unit: Unit,
    /// Of both axes.
    pub scale: Scale,
}

/// One line for each of `lines`: its name, and its points in nanoseconds.
pub fn draw(picture: &Picture, lines: &[(&str, Vec<(f64, f64)>)]) -> String {
    let points = || lines.iter().flat_map(|(_, points)| points).copied();
    let across = Axis::new(picture.unit, picture.scale, points().map(|(x, _)| x));
    let up = Axis::new(Unit::Nanoseconds, picture.scale, points().map(|(_, y)| y));
    let x = |number: f64| LEFT + across.place(number) * (WIDTH - LEFT - RIGHT);
    let y = |number: f64| HEIGHT - BOTTOM - up.place(number) * (HEIGHT - TOP - BOTTOM);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
         font-family=\"sans-serif\" font-size=\"12\" fill=\"#222\" role=\"img\">\n\
         <title>{0}</title>\n<rect width=\"{WIDTH}\" height=\"{HEIGHT}\" rx=\"6\" fill=\"#fcfcfa\"/>\n\
         <text x=\"{LEFT}\" y=\"24\" font-size=\"15\" font-weight=\"bold\">{0}</text>\n",
        picture.title
    );
    let (bottom, right) = (HEIGHT - BOTTOM, WIDTH - RIGHT);
    for (number, text) in across.ticks() {
        let x = x(number);
        let _ = writeln!(
            out,
            "<path d=\"M{x:.1} {TOP}V{bottom}\" stroke=\"#e3e3df\"/>\
             <text x=\"{x:.1}\" y=\"{}\" text-anchor=\"middle\">{text}</text>",
            bottom + 17.0
        );
    }
    for (number, text) in up.ticks() {
        let y = y(number);
        let _ = writeln!(
            out,
            "<path d=\"M{LEFT} {y:.1}H{right}\" stroke=\"#e3e3df\"/>\
             <text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{text}</text>",
            LEFT - 8.0,
            y + 4.0
        );
    }
    let _ = writeln!(
        out,
        "<path d=\"M{LEFT} {TOP}V{bottom}H{right}\" stroke=\"#888\" fill=\"none\"/>\n\
         <text x=\"{:.1}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
        f64::midpoint(LEFT, right),
        HEIGHT - 14.0,
        picture.work
    );
    let mut from = LEFT;
    for (line, (name, points)) in lines.iter().enumerate() {
        let places: Vec<_> = points.iter().map(|(work, time)| (x(*work), y(*time))).collect();
        out += &one_line(line, &places);
        let _ = writeln!(
            out,
            "{}<text x=\"{:.1}\" y=\"48\">{name}</text>",
            mark(line, (from + 5.0, 44.0)),
            from + 14.0
        );
        #[allow(clippy::cast_precision_loss, reason = "a name is short")]
        let width = 34.0 + 6.4 * name.len() as f64;
        from += width;
    }
    out + "</svg>\n"
}

fn one_line(line: usize, places: &[(f64, f64)]) -> String {
    let path: Vec<_> = places.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
    let colour = COLOURS[line % COLOURS.len()];
    let path = path.join(" ");
    let mut out =
        format!("<polyline points=\"{path}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.6\"/>\n");
    for place in places {
        out += &mark(line, *place);
    }
    out
}

/// A circle, a square, a diamond or a triangle.
fn mark(line: usize, (x, y): (f64, f64)) -> String {
    let colour = COLOURS[line % COLOURS.len()];
    let path = match line % COLOURS.len() {
        0 => return format!("<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3.4\" fill=\"{colour}\"/>\n"),
        1 => "m-3 -3h6v6h-6z",
        2 => "m0 -4.4l4.4 4.4l-4.4 4.4l-4.4 -4.4z",
        _ => "m0 -4l4 7h-8z",
    };
    format!("<path d=\"M{x:.1} {y:.1}{path}\" fill=\"{colour}\"/>\n")
}
