/** The calls of the marking server. Every failure is an ApiError whose message can be shown as it is. */
import { ApiError, call } from "../../../graders/web/src/api.js";

const OFFLINE = "The server does not answer. What you have typed stays here; start the same `katas serve` again.";

/** Make a call and return the JSON of its answer. */
async function asked(method, path, body) {
    try {
        return await call(method, path, body);
    } catch (error) {
        throw error.status === 0 ? new ApiError(OFFLINE, 0) : error;
    }
}

export const readQueue = () => asked("GET", "/api/queue");
export const choose = (wanted) => asked("POST", "/api/choose", wanted);
export const openFirst = () => asked("POST", "/api/start", {}); // after a reload: the piece that was open
export const openNext = () => asked("POST", "/api/next", {});
export const openBefore = () => asked("POST", "/api/back", {});
export const openAgain = (number) => asked("POST", `/api/pieces/${number}/again`, {});
export const scoreOf = (number, items) => asked("POST", `/api/pieces/${number}/score`, { items });
export const give = (number, given) => asked("POST", `/api/pieces/${number}/give`, given);
export const addItem = (number, item) => asked("POST", `/api/pieces/${number}/items`, item);
