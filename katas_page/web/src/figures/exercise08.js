/** Exercise 8: units that are dropped, and the mean of what is left. */
import { uniform } from "../sampling.js";

export const caption = "Raise p: the kept units grow, and the mean stays. Switch the division off: where does it go?";

const UNITS = 24;
const MASKS = 600;
export const controls = {
    p: { label: "Probability p", value: 0.5, min: 0, max: 0.8, step: 0.05 },
    mask: { label: "Mask number", value: 1, min: 1, max: MASKS, step: 1 },
    divide: { label: "Divide by 1 − p", checked: true },
};

/** Return what dropout makes of units that are all 1, with one of the masks. */
export function numbers({ p, mask, divide }) {
    const next = uniform(7919 * mask);
    return Array.from({ length: UNITS }, () => (next() < p ? 0 : divide ? 1 / (1 - p) : 1));
}

const mean = (all) => all.reduce((sum, each) => sum + each, 0) / all.length;

export function draw({ p, mask, divide }, units, plot) {
    const title = `24 units after mask ${mask}, and their mean`;
    const bars = plot({ title, x: [0, UNITS], y: [0, 5.2], bare: "x" });
    units.forEach((each, at) => {
        bars.box([at + 0.15, 0], [at + 0.85, 1], "hollow faint");
        bars.box([at + 0.15, 0], [at + 0.85, each], "one");
    });
    bars.line([[0, mean(units)], [UNITS, mean(units)]], "two", 2.5);
    const all = Array.from({ length: MASKS }, (_, at) => mean(numbers({ p, mask: at + 1, divide })));
    const counts = new Map();
    all.forEach((each) => counts.set(each, (counts.get(each) ?? 0) + 1));
    const most = Math.max(...counts.values()) * 1.1;
    const axes = { x: [0, 2.2], y: [0, most], xTitle: "mean of the 24 units", bare: "y" };
    const spread = plot({ title: `The means of ${MASKS} masks`, ...axes });
    const half = (divide ? 1 / (1 - p) : 1) / UNITS / 2.5;
    counts.forEach((count, at) => spread.box([at - half, 0], [at + half, count], "one"));
    spread.line([[1, 0], [1, most]], "three dashed");
    spread.dots([[mean(units), 0.04 * most]], "two", 5);
    const [here, average] = [mean(units), mean(all)].map((each) => each.toFixed(2));
    return `The mean of this mask is ${here}. Over all masks it is ${average}; without dropout it is 1.`;
}
