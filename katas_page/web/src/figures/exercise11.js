/** Exercise 11: three optimisers in a narrow valley. */

export const caption = "Raise the learning rate until sgd flies off. How does that rate depend on the curvature?";

const START = [-2, 0.6];
const NAMES = [["sgd", "bad"], ["momentum", "one dashed"], ["adam", "three dotted"]];
const show = (power) => (10 ** power).toPrecision(2);
export const controls = {
    power: { label: "Learning rate", value: -1.1, min: -3, max: 0, step: 0.05, show },
    momentum: { label: "Momentum", value: 0.8, min: 0, max: 0.98, step: 0.02 },
    curvature: { label: "Curvature", value: 20, min: 1, max: 60, step: 1 },
    steps: { label: "Steps", value: 40, min: 0, max: 100, step: 1 },
};

/** Return the places of sgd, of sgd with momentum and of adam on (x² + curvature · y²) / 2. */
export function numbers({ power, momentum, curvature, steps }) {
    return [sgd(0), sgd(momentum), adam()].map((step) => {
        const places = [START];
        let [x, y] = START;
        for (let at = 1; at <= steps; at++) {
            const move = step([x, curvature * y], at);
            [x, y] = [x - 10 ** power * move[0], y - 10 ** power * move[1]];
            places.push([x, y]);
        }
        return places;
    });
}

function sgd(momentum) {
    let velocity = [0, 0];
    return (gradient) => (velocity = velocity.map((each, axis) => momentum * each + gradient[axis]));
}

function adam() {
    let [m, v] = [[0, 0], [0, 0]];
    return (gradient, step) => {
        m = m.map((each, axis) => 0.9 * each + 0.1 * gradient[axis]);
        v = v.map((each, axis) => 0.999 * each + 0.001 * gradient[axis] ** 2);
        return m.map((each, axis) => each / (1 - 0.9 ** step) / (Math.sqrt(v[axis] / (1 - 0.999 ** step)) + 1e-8));
    };
}

export function draw({ curvature }, paths, plot) {
    const loss = ([x, y]) => (x * x + curvature * y * y) / 2;
    const valley = plot({ title: "The valley from above, and three paths", x: [-2.4, 1.2], y: [-1.1, 1.1] });
    const angles = Array.from({ length: 81 }, (_, at) => (at * Math.PI) / 40);
    for (const level of [0.02, 0.1, 0.4, 1, 2, 4, 8, 16]) {
        const [a, b] = [Math.sqrt(2 * level), Math.sqrt((2 * level) / curvature)];
        valley.line(angles.map((angle) => [a * Math.cos(angle), b * Math.sin(angle)]), "faint", 1);
    }
    const axes = { x: [0, 100], y: [1e-6, 1e3], log: "y", xTitle: "step" };
    const falling = plot({ title: "Loss after each step", ...axes });
    const said = NAMES.map(([name, kind], at) => {
        valley.line(paths[at], kind, 1.5);
        valley.dots(paths[at], kind, 2);
        valley.dots(paths[at].slice(-1), kind, 5);
        falling.line(paths[at].map((place, step) => [step, loss(place)]), kind);
        falling.line([56, 66].map((step) => [step, 10 ** (2.4 - 0.7 * at)]), kind);
        falling.text(68, 10 ** (2.25 - 0.7 * at), name);
        const last = loss(paths[at].at(-1));
        return `${name} ${last < 1e4 ? last.toPrecision(2) : "flies off"}`;
    });
    return `Loss: ${said.join(", ")}. Here, 2 / curvature is ${(2 / curvature).toPrecision(2)}.`;
}
