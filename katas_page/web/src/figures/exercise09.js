/** Exercise 9: a row of five features, normalised, scaled and shifted. */

export const caption = "Drag one feature far away, then make all equal. What stays the same in the second line?";

const feature = (number, value) => ({ label: `Feature ${number}`, value, min: -8, max: 8, step: 0.5, dragged: true });
export const controls = {
    x1: feature(1, 1),
    x2: feature(2, 2),
    x3: feature(3, 3.5),
    x4: feature(4, 5),
    x5: feature(5, 7),
    gamma: { label: "Scale γ of all", value: 2, min: -3, max: 3, step: 0.1 },
    beta: { label: "Shift β of all", value: -3, min: -5, max: 5, step: 0.1 },
};

const rowOf = ({ x1, x2, x3, x4, x5 }) => [x1, x2, x3, x4, x5];

export const own = {
    name: "layer_norm",
    module: "layer_norm",
    call(values) {
        const x = `np.array(${JSON.stringify(rowOf(values))}, float)`;
        const scaled = `layer_norm(${x}, np.full(5, float(${values.gamma})), np.full(5, float(${values.beta})))`;
        return `np.stack([layer_norm(${x}), ${scaled}])`;
    },
};

/** Return the mean and the standard deviation. */
function moments(all) {
    const mean = all.reduce((sum, each) => sum + each, 0) / all.length;
    return [mean, Math.sqrt(all.reduce((sum, each) => sum + (each - mean) ** 2, 0) / all.length)];
}

export function numbers(values) {
    const [mean, spread] = moments(rowOf(values));
    const normalised = rowOf(values).map((each) => (each - mean) / Math.sqrt(spread ** 2 + 1e-5));
    return [normalised, normalised.map((each) => values.gamma * each + values.beta)];
}

export function draw(values, [normalised, result], plot) {
    const lines = [["the row x", rowOf(values)], ["normalised", normalised], ["times γ, plus β", result]];
    const title = "Dots: features. Bands: mean ± spread";
    const rows = plot({ title, x: [-9, 9], y: [0.4, 3.8], bare: "y" });
    lines.forEach(([, all], at) => {
        const [[mean, spread], y] = [moments(all), 3 - at];
        rows.box([mean - spread, y - 0.14], [mean + spread, y + 0.14], "band");
        rows.line([[-9, y], [9, y]], "faint", 1);
        rows.line([[mean, y - 0.2], [mean, y + 0.2]], "two", 3);
    });
    rowOf(values).forEach((value, at) => rows.grip(`x${at + 1}`, "x", value, 3, [24, 34]));
    for (const each of normalised.keys()) {
        const places = lines.map(([, all], at) => [all[each], 3 - at]);
        rows.line(places, "one", 1);
        rows.dots(places, "one", 4);
    }
    const said = lines.map(([name, all]) => {
        const [mean, spread] = moments(all).map((each) => each.toFixed(2).replace("-0.00", "0.00").replace("-", "−"));
        return `${name}: mean ${mean}, spread ${spread}`;
    });
    said.forEach((words, at) => rows.text(-8.8, 3.4 - at, words));
    return `${said.join("; ")}.`;
}
