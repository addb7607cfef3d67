// Looks into a UserSig to tell the user how long it lasts. It proves nothing: the server decides.

const LARGEST = 8192;

/** Returns when a token ends, in milliseconds, or null if that cannot be read. */
export async function endOf(token) {
  try {
    const fields = JSON.parse(await inflate(bytesOf(token.trim())));
    const made = Number(fields["TLS.time"]);
    const lasts = Number(fields["TLS.expire"] ?? fields["TLS.expire_after"]);
    return Number.isFinite(made + lasts) ? (made + lasts) * 1000 : null;
  } catch {
    return null;
  }
}

/** UserSigs have * - _ where base64 has + / =. Some issuers leave the latter. */
function bytesOf(token) {
  if (token.length > LARGEST) throw new Error("too long");
  const base64 = token.replace(/[*_-]/g, (c) => ({ "*": "+", "-": "/", _: "=" })[c]);
  return Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
}

/** A few bytes can inflate to any size, so it stops at what a token can hold. */
async function inflate(bytes) {
  const reader = new Blob([bytes])
    .stream()
    .pipeThrough(new DecompressionStream("deflate"))
    .getReader();
  const decoder = new TextDecoder();
  let text = "";
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    text += decoder.decode(next.value, { stream: true });
    if (text.length > LARGEST) {
      await reader.cancel();
      throw new Error("too long");
    }
  }
  return text;
}
