/** The pen of a canvas. */

/**
 * Return the context for drawing on a canvas.
 * @param {HTMLCanvasElement} canvas
 * @param {CanvasRenderingContext2DSettings} [settings]
 */
export function penOf(canvas, settings) {
    const pen = canvas.getContext("2d", settings);
    if (!pen) {
        throw new Error("This browser cannot draw on a canvas.");
    }
    return pen;
}
