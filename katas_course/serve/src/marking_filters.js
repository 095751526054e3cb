/** What the queue is limited to: a kata, a task, a person, and whether marked pieces are offered too. */
import { button, el } from "../../../graders/web/src/dom.js";

function select(id, label, values, chosen) {
    const options = [el("option", { value: "" }, "all")].concat(
        values.map((value) => el("option", { value, selected: value === chosen }, value)),
    );
    const input = el("select", { id }, ...options);
    return { input, part: el("span", { class: "field" }, el("label", { for: id }, label), " ", input) };
}

/**
 * Return the form of the filters.
 * @param {import("./marking_api.js").Queue} queue
 * @param {(wanted: import("./marking_api.js").Wanted) => void} apply
 */
export function filters(queue, apply) {
    const { chosen } = queue;
    const tasks = [...new Set(queue.tasks.map((each) => each.task))];
    const kata = select("kata", "Kata", queue.katas, chosen.kata);
    const task = select("task", "Task", tasks, chosen.task);
    const person = select("person", "Person", queue.people, chosen.person);
    const again = el("input", { id: "again", type: "checkbox", checked: chosen.again });
    const marked = el("span", { class: "field" }, again, " ", el("label", { for: "again" }, "Already marked too"));
    const submit = button("Apply", null, { type: "submit" });
    const parts = [kata.part, task.part, person.part, marked, submit];
    const form = el("form", { class: "buttons", "aria-label": "What to mark" }, ...parts);
    form.addEventListener("submit", (event) => {
        event.preventDefault();
        const wanted = { kata: kata.input.value, task: task.input.value, person: person.input.value };
        apply({ ...wanted, again: again.checked });
    });
    return form;
}
