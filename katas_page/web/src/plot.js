/** A plot in SVG: axes, and marks in the axes' units. Marks that are not finite numbers are left out. */

const SPACE = "http://www.w3.org/2000/svg";
const FAR = 4000; // in pixels: what is farther away is cut off by the frame anyway
const TOP = 22;
const RIGHT = 16;
const DIGITS = 12; // hides rounding errors, such as in 0.30000000000000004

function svg(tag, properties, ...children) {
    const element = document.createElementNS(SPACE, tag);
    for (const [name, value] of Object.entries(properties)) {
        element.setAttribute(name, typeof value === "number" ? String(Number(value.toFixed(2))) : value);
    }
    element.append(...children);
    return element;
}

/** Return about `most` round numbers between two others. */
function ticks(low, high, most) {
    const rough = (high - low) / most;
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = power * ([1, 2, 5].find((factor) => factor * power >= rough) ?? 10);
    const first = Math.ceil(low / step);
    const count = Math.floor(high / step - first + 1e-9) + 1;
    return Array.from({ length: count }, (_, number) => Number(((first + number) * step).toPrecision(DIGITS)));
}

/** @typedef {{ name: string, axis: string, at: number[], size: number[], words: string }} GripPlace */

export class Plot {
    /**
     * `x` and `y` are the ends of the axes, and `log` names the axes that are logarithmic ("x", "y" or "xy"). `bare`
     * names the axes without numbers. `title` is written above the plot.
     */
    constructor({ title, x, y, log = "", bare = "", xTitle = "", width = 340, height = 240 }) {
        this.title = title;
        this.width = width;
        this.height = height;
        /** @type {((x: number, y: number) => object)[]} */
        this.handles = [];
        /** @type {GripPlace[]} */
        this.grips = [];
        const left = bare.includes("y") ? RIGHT : 44;
        const bottom = (bare.includes("x") ? 8 : 20) + (xTitle ? 16 : 0);
        this.frame = { left, width: width - left - RIGHT, height: height - TOP - bottom };
        const scale = (name) => (log.includes(name) ? Math.log10 : (value) => value);
        const axis = (name, ends) => ({ scale: scale(name), ends: ends.map(scale(name)) });
        this.axes = { x: axis("x", x), y: axis("y", y) };
        this.inner = svg("svg", { x: left, y: TOP, width: this.frame.width, height: this.frame.height });
        this.marks = [svg("text", { x: left, y: 14, class: "title" }, title), this.inner];
        const { height: low } = this.frame;
        for (const name of ["x", "y"].filter((each) => !bare.includes(each))) {
            for (const value of ticks(...this.axes[name].ends, name === "x" ? 6 : 5)) {
                const label = log.includes(name) ? `1e${value}` : String(value).replace("-", "−");
                const at = this.place(name, value);
                const [x1, y1, x2, y2] = name === "x" ? [at, 0, at, low] : [0, at, this.frame.width, at];
                this.inner.append(svg("line", { x1, y1, x2, y2, class: "grid" }));
                const place = name === "x" ? { x: left + at, y: TOP + low + 15 } : { x: left - 5, y: TOP + at + 4 };
                this.marks.push(svg("text", { ...place, class: name === "x" ? "middle" : "end" }, label));
            }
        }
        this.marks.push(svg("text", { x: left + this.frame.width / 2, y: height - 3, class: "middle soft" }, xTitle));
    }

    /** Return the pixel of a place on an axis, or NaN. */
    place(name, scaled) {
        const [low, high] = this.axes[name].ends;
        const part = (scaled - low) / (high - low);
        const pixel = name === "x" ? part * this.frame.width : (1 - part) * this.frame.height;
        return Math.max(-FAR, Math.min(FAR, pixel)); // NaN stays NaN
    }

    at(x, y) {
        return [this.place("x", this.axes.x.scale(x)), this.place("y", this.axes.y.scale(y))];
    }

    add(tag, properties, ...children) {
        const wrong = Object.values(properties).some((value) => Number.isNaN(value));
        return wrong ? null : this.inner.appendChild(svg(tag, properties, ...children));
    }

    /** Draw lines between neighbouring points. */
    line(points, kind, width = 2) {
        let pen = "M";
        const steps = points.map(([x, y]) => {
            const place = this.at(x, y);
            const step = place.some(Number.isNaN) ? "" : pen + place.map((each) => each.toFixed(1)).join(" ");
            pen = step ? "L" : "M";
            return step;
        });
        this.add("path", { d: steps.join(""), class: `line ${kind}`, "stroke-width": width });
    }

    dots(points, kind, r = 3) {
        for (const [x, y] of points) {
            const [cx, cy] = this.at(x, y);
            this.add("circle", { cx, cy, r, class: `mark ${kind}` });
        }
    }

    /** Fill the box between two corners. `properties` are further ones of the element. */
    box([x0, y0], [x1, y1], kind, properties = {}) {
        const [[left, one], [right, other]] = [this.at(x0, y0), this.at(x1, y1)];
        const size = { x: left, y: Math.min(one, other), width: right - left, height: Math.abs(one - other) };
        this.add("rect", { ...size, class: `mark ${kind}`, ...properties });
    }

    text(x, y, words, kind = "", properties = {}) {
        const [left, top] = this.at(x, y);
        this.add("text", { x: left, y: top, class: kind, ...properties }, words);
    }

    /** Add a place that can be dragged. `moved` turns its new place into values of controls. */
    handle(x, y, moved) {
        const [cx, cy] = this.at(x, y);
        this.add("circle", { cx, cy, r: 14, class: "handle", "data-handle": this.handles.push(moved) - 1 });
    }

    /** Put the slider of a control at a place, in a size of pixels, perhaps with words. It moves along the axis. */
    grip(name, axis, x, y, size, words = "") {
        const [left, top] = this.at(x, y);
        this.grips.push({ name, axis, at: [this.frame.left + left, TOP + top], size, words });
    }

    /** Return the place on linear axes that belongs to a place on the screen, if the plot fills this box there. */
    under({ clientX, clientY }, box) {
        const { x, y } = this.axes;
        const zoom = this.width / box.width;
        const across = ((clientX - box.left) * zoom - this.frame.left) / this.frame.width;
        const down = ((clientY - box.top) * zoom - TOP) / this.frame.height;
        return [x.ends[0] + across * (x.ends[1] - x.ends[0]), y.ends[1] - down * (y.ends[1] - y.ends[0])];
    }
}
