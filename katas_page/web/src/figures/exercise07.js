/** Exercise 7: the spread of the activations in twenty layers. */
import { normal } from "../sampling.js";

export const caption = "Which σ keeps the spread at 1 through twenty layers? Which one does it for another fan-in?";

const FANS = [32, 64, 128];
const LAYERS = 20;
const SAMPLES = 48;
const BARS = 24;
const show = (power) => (10 ** power).toPrecision(3);
export const controls = {
    power: { label: "Weights' spread σ", value: -0.9, min: -2, max: 0, step: 0.025, show },
    fan: { label: "Fan-in", options: FANS.map((each) => `${each} inputs`), value: 1 },
    tanh: { label: "Activation", options: ["ReLU", "tanh"] },
};

const samples = new Map(); // for each fan-in

/** Return the activations of every layer, beginning with the inputs. */
export function numbers({ power, fan: choice, tanh }) {
    const [fan, std] = [FANS[choice], 10 ** power];
    if (!samples.has(fan)) {
        samples.set(fan, [normal(LAYERS * fan * fan, fan), normal(SAMPLES * fan, fan + 1)]);
    }
    const [weights, inputs] = samples.get(fan);
    const layers = [inputs];
    for (let layer = 0; layer < LAYERS; layer++) {
        layers.push(inputs.map((_, at) => {
            const [row, unit] = [at - (at % fan), (layer * fan + (at % fan)) * fan];
            let z = 0;
            for (let j = 0; j < fan; j++) {
                z += weights[unit + j] * layers[layer][row + j];
            }
            return tanh ? Math.tanh(std * z) : Math.max(0, std * z);
        }));
    }
    return layers;
}

export function draw({ power, fan, tanh }, layers, plot) {
    const spread = (layer) => Math.sqrt(layer.reduce((sum, each) => sum + each * each, 0) / layer.length);
    const sizes = layers.map((layer, at) => [at, spread(layer)]);
    const rising = plot({ title: "Spread by layer", x: [0, 20.5], y: [1e-14, 1e14], log: "y", xTitle: "layer" });
    rising.line([[0, 1], [20, 1]], "three dashed");
    rising.line(sizes, "one");
    rising.dots(sizes, "one");
    const [low, high, xTitle] = tanh ? [-1, 1, "activation"] : [0, 4, "activation (the last bar: 4 and more)"];
    const width = (high - low) / BARS;
    const counts = new Array(BARS).fill(0);
    for (const each of layers.at(-1)) {
        counts[Math.max(0, Math.min(BARS - 1, Math.floor((each - low) / width)))] += 1 / layers[0].length;
    }
    const bars = plot({ title: "Activations in layer 20", x: [low, high], y: [0, 1], xTitle });
    counts.forEach((each, at) => bars.box([low + at * width, 0], [low + (at + 1) * width, each], "one"));
    const [xavier, he] = [1, 2].map((each) => Math.sqrt(each / FANS[fan]).toPrecision(3));
    const last = sizes.at(-1)[1];
    const size = last > 1e-2 && last < 1e3 ? last.toFixed(2) : last.toExponential(0);
    return `σ is ${show(power)}; He says ${he}, Xavier ${xavier}. After twenty layers, the spread is ${size}.`;
}
