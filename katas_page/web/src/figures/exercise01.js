/** Exercise 1: what W and b do to the points of a grid. */

export const caption = "Drag the ringed dots, or move the sliders. Can you flatten the grid onto a line?";

const entry = (label, value) => ({ label, value, min: -2, max: 2, step: 0.1 });
export const controls = {
    w11: entry("W₁₁", 1),
    w12: entry("W₁₂", 0),
    w21: entry("W₂₁", 0.5),
    w22: entry("W₂₂", -1),
    b1: entry("b₁", 0.1),
    b2: entry("b₂", 0.2),
};

const STEPS = Array.from({ length: 9 }, (_, at) => at / 2 - 2);
const POINTS = STEPS.flatMap((y) => STEPS.map((x) => [x, y]));
const indexOf = (x, y) => 9 * (2 * y + 4) + 2 * x + 4;

export const own = {
    name: "affine",
    module: "affine",
    call: ({ w11, w12, w21, w22, b1, b2 }) =>
        `affine(np.array([[${w11}, ${w12}], [${w21}, ${w22}]], float), ` +
        `np.array(${JSON.stringify(POINTS)}, float), np.array([${b1}, ${b2}], float))`,
};

export function numbers({ w11, w12, w21, w22, b1, b2 }) {
    return POINTS.map(([x, y]) => [w11 * x + w12 * y + b1, w21 * x + w22 * y + b2]);
}

export function draw({ w11, w12, w21, w22, b1, b2 }, points, plot) {
    const plane = plot({ title: "The grid before (grey) and after W x + b", x: [-5, 5], y: [-4, 4], height: 270 });
    for (const [grid, kind, width] of [[POINTS, "faint", 1], [points, "one", 1.5]]) {
        for (const at of STEPS.keys()) {
            plane.line(grid.slice(9 * at, 9 * at + 9), kind, width);
            plane.line(grid.filter((_, each) => each % 9 === at), kind, width);
        }
    }
    plane.dots(points, "one", 2.5);
    for (const [x, y, kind] of [[0, 1, "three"], [1, 0, "two"], [0, 0, "ink"]]) {
        plane.line([points[indexOf(0, 0)], points[indexOf(x, y)]], kind, 3);
        plane.dots([points[indexOf(x, y)]], kind, 5);
    }
    const red = points[indexOf(1, 2)]; // the README's example
    plane.dots([[1, 2]], "hollow bad", 5);
    plane.dots([red], "bad", 5);
    plane.handle(b1, b2, (x, y) => ({ b1: x, b2: y }));
    plane.handle(b1 + w11, b2 + w21, (x, y) => ({ w11: x - b1, w21: y - b2 }));
    plane.handle(b1 + w12, b2 + w22, (x, y) => ({ w12: x - b1, w22: y - b2 }));
    const flat = Math.abs(w11 * w22 - w12 * w21) < 1e-9 ? " W has flattened the plane, and b can't undo that." : "";
    return `The red point (1, 2) goes to (${red.map((each) => each.toFixed(1)).join(", ")}).${flat}`;
}
