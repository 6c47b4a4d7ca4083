// Files in a browser: sending a picture as in the API's description, displaying media on any page, never executing scripts.
import { createRequire } from "node:module";
import { html, joined, made, plainText, redAndBlue, svg } from "@khui/test-kit/files/media-files";
import { privateRoom, useSystem } from "@khui/test-kit/system";
import type { Page } from "playwright-core";
import t, { type Test } from "tap";
import { anotherOrigin, openBrowser } from "./chromium.js";
import { fixture, mediaScene, withMedia } from "./media-scene.js";
import { inRooms } from "./socket-scene.js";

const system = await useSystem(t);
const { absolute, send } = mediaScene(system);

const browser = await openBrowser(t);

/** A page of the system's own origin, or of the given one; closed when the test ends. */
async function openPage(t: Test, url = `${system.url}/healthz`): Promise<Page> {
  const context = await browser.newContext();
  t.teardown(() => context.close());
  const page = await context.newPage();
  await page.goto(url);
  return page;
}

async function scene() {
  const [a, b] = [system.newUser("Ann"), system.newUser("Ben")];
  return { a, b, room: await privateRoom(a, b) };
}

/** Runs an async function body in the page, with `given` as constants. */
const run = (page: Page, given: Record<string, unknown>, body: string): Promise<unknown> =>
  page.evaluate(`(async () => {
    const { ${Object.keys(given).join(", ")} } = ${JSON.stringify(given)};
    ${body}
  })()`);

/** Displays an element with this URL, and resolves with the value of the expression once `event` has fired. */
const shown = (page: Page, tag: string, event: string, address: string, expression: string) =>
  run(
    page,
    { tag, event, address },
    `const element = document.createElement(tag);
    await new Promise((resolve, reject) => {
      element.addEventListener(event, resolve);
      element.addEventListener("error", () => reject(new Error("the browser does not show " + address)));
      element.src = address;
      document.body.append(element);
    });
    return ${expression};`,
  );

const sendImage = `async (file) => {
  const formData = new FormData();
  formData.append('file', file);
  formData.append('type', 'image');

  const response = await fetch(\`/api/v1/chat/rooms/\${roomId}/messages/media\`, {
    method: 'POST',
    headers: {
      'Authorization': 'Bearer ' + token
    },
    body: formData
  });

  const data = await response.json();

  socket.emit('send_message', {
    chatRoomId: roomId,
    messageId: data.data._id,
    type: 'image'
  });
}`;

t.test("a picture can be sent as in the API's description and displayed in an <img>", async (t) => {
  const { a, b, room } = await scene();
  const bens = await inRooms(b, room);
  const page = await openPage(t);
  await page.addScriptTag({ path: createRequire(import.meta.url).resolve("socket.io-client/dist/socket.io.js") });
  await run(
    page,
    { token: a.token, userId: a.id, roomId: room },
    `const socket = io();
    await new Promise((resolve) => {
      socket.on("authenticated", resolve);
      socket.emit("authenticate", { token, userId });
    });
    const sendImage = ${sendImage};
    const canvas = Object.assign(document.createElement("canvas"), { width: 640, height: 400 });
    canvas.getContext("2d").fillRect(10, 10, 300, 300);
    const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
    await sendImage(new File([blob], "ภาพวาด.png", { type: "image/png" }));
    await sendImage(blob);
    // Its acknowledgement arrives after anything that the emits above could have caused.
    await socket.emitWithAck("get_online_users");
    socket.close();`,
  );
  const [drawn, unnamed] = [await bens.next("new_message"), await bens.next("new_message")];
  t.match(drawn.message, { type: "image", sender: { _id: a.id }, content: null });
  t.match(drawn.message.mediaInfo, {
    originalName: "ภาพวาด.png",
    mimeType: "image/png",
    dimensions: { width: 640, height: 400 },
  });
  t.match(unnamed.message, { type: "image", mediaInfo: { originalName: "blob", mimeType: "image/png" } });
  const { url, thumbnail = "" } = withMedia(drawn.message).mediaInfo;
  const size = "[element.naturalWidth, element.naturalHeight]";
  t.strictSame(await shown(page, "img", "load", url, size), [640, 400]);
  t.strictSame(await shown(page, "img", "load", thumbnail, size), [320, 200]);
  const { body } = await b.get(`/rooms/${room}/messages`);
  t.equal(body.messages.length, 2, "each was sent once");
  t.equal(bens.count("new_message"), 2);
});

t.test("a page of another origin can display and read files", async (t) => {
  const { a, room } = await scene();
  const page = await openPage(t, await anotherOrigin(t));
  const picture = await send(t, a, room, "image", await made(redAndBlue(600, 300).jpeg()));
  for (const [address = "", width, height] of [
    [picture.mediaInfo.url, 600, 300],
    [picture.mediaInfo.thumbnail, 320, 160],
  ] as const) {
    const size = "[element.naturalWidth, element.naturalHeight]";
    t.strictSame(await shown(page, "img", "load", absolute(address), size), [width, height]);
  }
  const first = await run(
    page,
    { address: absolute(picture.mediaInfo.url) },
    `const response = await fetch(address, { headers: { range: "bytes=0-1" } });
    return { status: response.status, bytes: [...new Uint8Array(await response.arrayBuffer())] };`,
  );
  t.strictSame(first, { status: 206, bytes: [0xff, 0xd8] });
  const film = await send(t, a, room, "video", await fixture("video.webm"));
  const frame = "[element.videoWidth, element.videoHeight, Math.round(element.duration)]";
  t.strictSame(await shown(page, "video", "loadeddata", absolute(film.mediaInfo.url), frame), [320, 180, 1]);
  const sound = await send(t, a, room, "audio", await fixture("sound.mp3"));
  t.equal(await shown(page, "audio", "loadeddata", absolute(sound.mediaInfo.url), "Math.round(element.duration)"), 1);
});

for (const [name, bytes] of [
  ["หน้าเว็บ.html", html],
  ["drawing.svg", svg],
  [
    "page.xhtml",
    joined(`<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><script>top.ran=1</script></html>`),
  ],
] as const) {
  t.test(`${name} is downloaded and never executed`, async (t) => {
    const { a, room } = await scene();
    const address = absolute((await send(t, a, room, "file", bytes, { name })).mediaInfo.url);
    const page = await openPage(t);
    const opened: Array<readonly [how: string, open: () => Promise<unknown>]> = [
      ["as a page", () => page.goto(address).catch((error: Error) => error.message)],
      [
        "in a frame",
        () =>
          run(
            page,
            { address },
            `document.body.append(Object.assign(document.createElement("iframe"), { src: address }));`,
          ),
      ],
    ];
    for (const [how, open] of opened) {
      const [download] = await Promise.all([page.waitForEvent("download"), open()]);
      t.equal(download.suggestedFilename(), name, how);
      t.equal(page.url(), `${system.url}/healthz`);
      t.strictSame(
        await run(
          page,
          {},
          `return [document.title, window.ran, window.frames[0]?.document.documentElement.innerHTML.includes("ran")];`,
        ),
        ["", undefined, how === "in a frame" ? false : undefined],
      );
    }
  });
}

t.test("a text file is displayed as text, whatever it contains", async (t) => {
  const { a, room } = await scene();
  const tricky = joined(plainText, "x".repeat(5000), html);
  const page = await openPage(t);
  for (const name of ["note.txt", "note.html"]) {
    const { url } = (await send(t, a, room, "file", tricky, { name })).mediaInfo;
    const response = await page.goto(absolute(url));
    t.match(await response?.headerValue("content-type"), /^text\/plain/);
    t.match(await page.locator("body").textContent(), "<script>alert(1)</script>");
    t.not(await page.title(), "ran");
  }
});
