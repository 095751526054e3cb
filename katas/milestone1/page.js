/** The network of the page: it has learned in Python, and reads digits here. Shapes are those of milestone 1. */

const at = (id) => /** @type {HTMLInputElement} */ (document.getElementById(id));
const network = JSON.parse(at("network").textContent ?? "");
const [SIDE, BOX] = [28, 20]; // the digits that it knows have 28 x 28 pixels, and fit into a box of 20 x 20
const PEN = 20; // pixels of the field

const bytesOf = (text) => Uint8Array.from(atob(text), (each) => each.charCodeAt(0));
const numbers = ([name, text]) => [name, new Float32Array(bytesOf(text).buffer)];
const parameters = Object.fromEntries(Object.entries(network.parameters).map(numbers));

function affine(W, x, b) {
    return Array.from(b, (bias, row) => x.reduce((sum, each, i) => sum + W[row * x.length + i] * each, bias));
}

/** Return the probabilities of the ten digits for 28 x 28 bytes. */
function read(pixels) {
    const x = Array.from(pixels, (each) => each / 255);
    const h = affine(parameters.W1, x, parameters.b1).map((each) => Math.max(0, each));
    const logits = affine(parameters.W2, h, parameters.b2);
    const e = logits.map((each) => Math.exp(each - Math.max(...logits)));
    const sum = e.reduce((total, each) => total + each, 0);
    return e.map((each) => each / sum);
}

/** Return a drawing of size x size bytes of ink as the network knows digits: their centre is in the middle. */
function centred(ink, size) {
    let [left, top, right, bottom] = [size, size, -1, -1];
    ink.forEach((value, i) => {
        if (value > 0) {
            const [x, y] = [i % size, Math.floor(i / size)];
            [left, right, top, bottom] = [Math.min(left, x), Math.max(right, x), Math.min(top, y), Math.max(bottom, y)];
        }
    });
    const found = new Uint8Array(SIDE * SIDE);
    const step = Math.max(right - left + 1, bottom - top + 1) / BOX; // pixels of the drawing in one of the result
    const [columns, rows] = [right - left + 1, bottom - top + 1].map((length) => Math.ceil(length / step));
    let [mass, sumX, sumY] = [0, 0, 0];
    const small = [];
    for (let y = 0; y < rows; y++) {
        for (let x = 0; x < columns; x++) {
            const value = mean(ink, size, left + x * step, top + y * step, step);
            small.push([x, y, value]);
            [mass, sumX, sumY] = [mass + value, sumX + value * x, sumY + value * y];
        }
    }
    const shift = (sum, length) => Math.min(SIDE - length, Math.max(0, Math.round((SIDE - 1) / 2 - sum / mass)));
    const [atX, atY] = [shift(sumX, columns), shift(sumY, rows)];
    small.forEach(([x, y, value]) => (found[(atY + y) * SIDE + atX + x] = Math.round(value)));
    return found;
}

/** Return the mean of the square whose corner is at (x, y); outside the drawing, there is no ink. */
function mean(ink, size, x, y, step) {
    let [sum, count] = [0, 0];
    for (let row = Math.floor(y); row < y + step; row++) {
        for (let column = Math.floor(x); column < x + step; column++) {
            sum += row < size && column < size ? ink[row * size + column] : 0;
            count += 1;
        }
    }
    return sum / count;
}

// ---------------------------------------------------------------------------------------------------- the page

const field = /** @type {HTMLCanvasElement} */ (/** @type {unknown} */ (at("field")));
const pen = /** @type {CanvasRenderingContext2D} */ (field.getContext("2d", { willReadFrequently: true }));
const bars = Array.from({ length: 10 }, (_, digit) => {
    const [row, name, line, share] = ["li", "span", "i", "b"].map((each) => document.createElement(each));
    name.textContent = String(digit);
    row.append(name, line, share);
    return { row, line, share };
});
/** @type {[number, number] | null} */
let last = null; // where the pen was

function show(pixels) {
    const p = read(pixels);
    const best = p.indexOf(Math.max(...p));
    bars.forEach(({ row, line, share }, digit) => {
        row.className = digit === best ? "best" : "";
        line.style.width = `${100 * p[digit]}%`;
        share.textContent = `${Math.round(100 * p[digit])} %`;
    });
    at("said").textContent = `The network reads ${best} (${Math.round(100 * p[best])} %).`;
}

function clear() {
    pen.clearRect(0, 0, field.width, field.height);
    at("choice").value = "";
    bars.forEach(({ row, line, share }) => ([row.className, line.style.width, share.textContent] = ["", "0", ""]));
    at("said").textContent = "Draw a digit.";
}

function draw(event) {
    if (!(event.buttons & 1)) {
        return;
    }
    const { left, top, width } = field.getBoundingClientRect();
    /** @type {[number, number]} */
    const now = [((event.clientX - left) * field.width) / width, ((event.clientY - top) * field.width) / width];
    const strokeStyle = getComputedStyle(field).color;
    Object.assign(pen, { strokeStyle, lineWidth: PEN, lineCap: "round", lineJoin: "round" });
    pen.beginPath();
    pen.moveTo(...(last ?? now));
    pen.lineTo(now[0] + 0.01, now[1]); // a line of no length would leave no dot
    pen.stroke();
    last = now;
    show(centred(pen.getImageData(0, 0, field.width, field.width).data.filter((_, i) => i % 4 === 3), field.width));
}

function choose() {
    const { value } = at("choice");
    clear();
    if (value) {
        at("choice").value = value;
        const pixels = bytesOf(network.digits[Number(value)]);
        const scale = field.width / SIDE;
        pen.fillStyle = getComputedStyle(field).color;
        pixels.forEach((byte, i) => {
            pen.globalAlpha = byte / 255;
            pen.fillRect((i % SIDE) * scale, Math.floor(i / SIDE) * scale, scale, scale);
        });
        pen.globalAlpha = 1;
        show(pixels);
    }
}

at("chances").append(...bars.map(({ row }) => row));
at("about").textContent = network.about;
network.labels.forEach((label, i) => at("choice").append(new Option(`number ${i + 1}, a ${label}`, String(i))));
for (const { title, functions, best, points } of network.authors) {
    const item = document.createElement("li");
    item.textContent = `${title}: ${functions.join(", ")} (${best} of ${points} points)`;
    at("authors").querySelector("ul")?.append(item);
    at("authors").hidden = false;
}
field.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    field.setPointerCapture(event.pointerId);
    if (at("choice").value) {
        clear(); // the digit that was chosen
    }
    last = null;
    draw(event);
});
field.addEventListener("pointermove", draw);
at("clear").onclick = clear;
at("choice").onchange = choose;
