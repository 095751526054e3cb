/** Exercise 6: the difference quotient, and its error for every step. */

export const caption = "Make h smaller than 1e-8: why does the error grow again?";

const show = (power) => (10 ** power).toExponential(1);
export const controls = {
    power: { label: "Step h", value: -0.3, min: -16, max: 0, step: 0.1, show },
    formula: { label: "Formula", options: ["central", "forward"] },
};

const PLACE = 1.3;
const SLOPE = 3 * PLACE * PLACE;
const BEST = [-5.2, -7.8]; // the cube root and the square root of the rounding error, 2.2e-16
const f = (w) => w * w * w;

/** Return the measured slope, and its relative error as the kata defines it. */
function measured(h, formula) {
    const slope = formula ? (f(PLACE + h) - f(PLACE)) / h : (f(PLACE + h) - f(PLACE - h)) / (2 * h);
    return [slope, Math.abs(slope - SLOPE) / Math.max(1e-8, Math.abs(slope) + SLOPE)];
}

export const numbers = ({ power, formula }) => measured(10 ** power, formula);

export function draw({ power, formula }, [slope, error], plot) {
    const h = 10 ** power;
    const curve = plot({ title: "f(w) = w³ and the secant at w = 1.3", x: [-0.2, 2.6], y: [-2, 14], xTitle: "w" });
    const steps = Array.from({ length: 60 }, (_, at) => (at * 2.8) / 59 - 0.2);
    curve.line(steps.map((w) => [w, f(w)]), "soft");
    const ends = [formula ? PLACE : PLACE - h, PLACE + h].map((w) => [w, f(w)]);
    curve.line([-1, 3].map((w) => [w, ends[0][1] + slope * (w - ends[0][0])]), "one");
    curve.dots(ends, "one", 4);
    curve.dots([[PLACE, f(PLACE)]], "hollow two", 6);
    const best = 10 ** BEST[formula];
    const errors = plot({ title: "Relative error for every h", x: [1e-16, 1], y: [1e-14, 1], log: "xy", xTitle: "h" });
    for (const each of [1 - formula, formula]) {
        const all = Array.from({ length: 161 }, (_, at) => 10 ** (at / 10 - 16));
        errors.line(all.map((step) => [step, measured(step, each)[1]]), each === formula ? "one" : "faint");
    }
    errors.line([[best, 1e-14], [best, 1]], "three dashed", 1.5);
    errors.text(best, 0.15, " best h", formula ? "" : "end");
    errors.dots([[h, Math.max(error, 1.2e-14)]], "two", 6);
    return `The quotient is ${slope.toPrecision(16)}, and the slope 5.07. Relative error: ${error.toExponential(1)}.`;
}
