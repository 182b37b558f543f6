import { answer } from "answer";

document.body.dataset.ready = answer === 42 ? "yes" : "no";
