/** Exercise 4: logits, probabilities and the loss. */

export const caption =
    "Drag the bar of a wrong logit up, then add 1000 to all logits. What changes? And with your softmax?";

const range = { min: -10, max: 10, step: 0.5, dragged: true };
const logit = (number, value) => ({ label: `Logit of class ${number}`, value, ...range });
export const controls = {
    l0: logit(0, 2),
    l1: logit(1, 1),
    l2: logit(2, 0),
    added: { label: "Added to all", value: 0, min: 0, max: 1000, step: 10 },
    target: { label: "Right class", options: ["class 0", "class 1", "class 2"] },
};

const logits = ({ l0, l1, l2, added }) => [l0, l1, l2].map((each) => each + added);

export const own = {
    name: "softmax",
    module: "softmax_cross_entropy",
    call: (values) => `softmax(np.array(${JSON.stringify(logits(values))}, float))`,
};

export function numbers(values) {
    const all = logits(values);
    const powers = all.map((each) => Math.exp(each - Math.max(...all)));
    const sum = powers.reduce((total, each) => total + each);
    return powers.map((each) => each / sum);
}

export function draw(values, p, plot) {
    const { target, added } = values;
    const scores = plot({ title: "Logits: drag the bars", x: [0, 3], y: [-12, 12], bare: "x", height: 200 });
    scores.line([[0, 0], [3, 0]], "ink", 1);
    p.forEach((_, at) => {
        const value = values[`l${at}`];
        const words = `${value}${added ? ` + ${added}` : ""}`.replace("-", "−");
        scores.box([at + 0.05, 0], [at + 0.95, value], at === target ? "three" : "one");
        scores.grip(`l${at}`, "y", at + 0.5, value, [58, 24], words);
    });
    const bars = plot({ title: "Softmax (green: the right class)", x: [0, 3], y: [0, 1.1], bare: "x" });
    p.forEach((each, at) => {
        bars.box([at + 0.05, 0], [at + 0.95, each], at === target ? "three" : "one");
        bars.text(at + 0.5, Math.max(0, Math.min(each, 1)) + 0.03, `class ${at}: ${each.toFixed(3)}`, "middle");
    });
    const loss = -Math.log(p[target]);
    const curve = plot({ title: "Loss: −log of the right class's p", x: [0, 1], y: [0, 8], xTitle: "p" });
    const steps = Array.from({ length: 200 }, (_, at) => Math.exp((at * 8) / 199 - 8));
    curve.line(steps.map((each) => [each, -Math.log(each)]), "soft");
    curve.line([[p[target], 0], [p[target], loss]], "three", 3);
    curve.dots([[p[target], Math.min(loss, 7.8)]], "three", 6);
    return `The right class gets p = ${p[target].toPrecision(4)}, so the loss is ${loss.toFixed(4)}.`;
}
