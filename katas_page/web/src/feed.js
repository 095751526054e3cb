/** The stream of snapshots of one kata. It is closed while the tab is hidden, and comes back after a failure. */
import { eventsPath, readKata } from "./kata_api.js";
import { hideBanner, showBanner } from "../../../graders/web/src/dom.js";

const GRACE_MS = 1500; // the browser often reconnects sooner than this
const RETRY_MS = 2000;

export class Feed {
    /**
     * @param {string} slug
     * @param {(snapshot: Partial<import("./kata_api.js").Snapshot>) => void} received
     * @param {() => void} opened is called whenever the stream is open again
     */
    constructor(slug, received, opened) {
        this.slug = slug;
        this.received = received;
        this.opened = opened;
        this.source = null;
        this.onVisibility = () => (document.hidden ? this.stop() : this.start());
        document.addEventListener("visibilitychange", this.onVisibility);
        this.onVisibility();
    }

    start() {
        this.stop();
        const source = new EventSource(eventsPath(this.slug));
        this.source = source;
        source.onopen = () => {
            clearTimeout(this.grace);
            this.grace = undefined;
            hideBanner("server");
            this.opened();
        };
        source.onmessage = (event) => {
            hideBanner("server");
            this.received(JSON.parse(event.data));
        };
        source.onerror = () => this.failed(source);
    }

    /** Explain a failure that lasts, and try again where the browser has given up. */
    failed(source) {
        this.grace ??= setTimeout(() => this.explain(), GRACE_MS);
        if (source.readyState === EventSource.CLOSED) {
            clearTimeout(this.retry);
            this.retry = setTimeout(() => this.start(), RETRY_MS);
        }
    }

    /** Show why there are no events. An ordinary request says more than an event source does. */
    async explain() {
        try {
            await readKata(this.slug);
            this.grace = undefined; // the server is back, and so will be the stream
        } catch (error) {
            if (this.grace !== undefined) {
                showBanner("server", error.message);
            }
        }
    }

    stop() {
        clearTimeout(this.retry);
        this.source?.close();
        this.source = null;
    }

    close() {
        document.removeEventListener("visibilitychange", this.onVisibility);
        clearTimeout(this.grace);
        this.grace = undefined;
        this.stop();
        hideBanner("server");
    }
}
