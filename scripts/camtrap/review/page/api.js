// The server's answers. An error has one line that says what to do, and is shown.
import { say } from "./dom.js";

/** @param {string} path @param {any} [body] @returns {Promise<Response>} */
async function fetched(path, body) {
  const binary = body instanceof ArrayBuffer || ArrayBuffer.isView(body);
  let answer;
  try {
    answer = await fetch(path, body === undefined ? {} : { method: "POST", body: binary ? body : JSON.stringify(body) });
  } catch {
    throw new Error("the server does not answer: is it still running in the terminal?");
  }
  if (answer.ok) return answer;
  let why = `the server answered ${answer.status}`;
  try {
    why = (await answer.json()).error || why;
  } catch {
    if (answer.status === 401) why = "this page is of another run of the server: open the address in the terminal";
  }
  throw new Error(why);
}

/** JSON for JSON. @param {string} path @param {any} [body] @returns {Promise<any>} */
export async function ask(path, body) {
  return (await fetched(path, body)).json();
}

/** Bytes. @param {string} path @param {any} [body] @returns {Promise<ArrayBuffer>} */
export async function bytes(path, body) {
  return (await fetched(path, body)).arrayBuffer();
}

/** Do something that may fail; what went wrong is shown. @template T @param {() => Promise<T>} act @returns {Promise<T|undefined>} */
export async function trying(act) {
  try {
    return await act();
  } catch (error) {
    say(error.message, true);
    return undefined;
  }
}
