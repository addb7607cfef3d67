// Takes a demo config in any of four ways: chosen, pasted into the box, pasted or dropped anywhere.
import { readConfig, readFile, Wrong } from "./config.js";
import { $ } from "./element.js";

/** Calls onConfig with each config that the user gives, and onWrong with what was none. */
export function listenForConfigs(onConfig, onWrong) {
  const take = async (read) => {
    try {
      onConfig(await read());
    } catch (error) {
      if (!(error instanceof Wrong)) throw error;
      onWrong(error);
    }
  };
  const inLobby = () => !$("lobby").hidden;

  $("file").addEventListener("change", ({ target }) => {
    if (target.files.length > 0) void take(() => readFile(target.files[0]));
  });
  $("pasted").addEventListener("input", ({ target }) => {
    if (target.value.trim() !== "") void take(() => readConfig(target.value));
  });
  document.addEventListener("paste", (event) => {
    if (!inLobby() || event.target.closest("input, textarea")) return;
    const [file] = event.clipboardData.files;
    const text = event.clipboardData.getData("text/plain");
    if (file) void take(() => readFile(file));
    else if (text) void take(() => readConfig(text));
  });
  listenForDrops(inLobby, (data) => {
    const [file] = data.files;
    const text = data.getData("text/plain");
    void take(() => (file ? readFile(file) : readConfig(text)));
  });
}

function listenForDrops(wanted, onDrop) {
  const shade = $("dropping");
  document.addEventListener("dragover", (event) => {
    event.preventDefault(); // or the browser would leave the page for the file
    shade.hidden = !wanted();
  });
  document.addEventListener("dragleave", (event) => {
    if (event.relatedTarget === null) shade.hidden = true;
  });
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    shade.hidden = true;
    if (wanted()) onDrop(event.dataTransfer);
  });
}
