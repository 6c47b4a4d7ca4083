// Draws the starter sets: SVG through Chromium, to still and animated WebP.
// Usage: `npm run stickers:draw -- SET [STICKER ...]`
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";
import sharp from "sharp";

/** A picture to be drawn. `svg` has a viewBox and no size of its own. */
export type Drawing =
  | { readonly file: string; readonly svg: string }
  | {
      readonly file: string;
      /** A frame, for `t` from 0 (included) to 1 (not included); the last runs into the first. */
      readonly frame: (t: number) => string;
      readonly frames: number;
      readonly framesPerSecond: number;
    };

interface Pages {
  readonly still: Page;
  readonly animated: Page;
}

const stillSize = 512;
const animatedSize = 320;
const here = fileURLToPath(new URL(".", import.meta.url));

/** A page whose only content is a picture, with the lettering's font at hand. */
async function openPage(browser: Browser, size: number): Promise<Page> {
  const page = await browser.newPage({ viewport: { width: size, height: size }, deviceScaleFactor: 1 });
  await page.setContent(`<style>${fontFaces()}
    html, body { margin: 0; background: transparent } svg { display: block; width: 100vw; height: 100vh }</style>
    <div id="picture"><svg viewBox="0 0 9 9"><text font-family="Mali" font-weight="500">กa</text>
    <text font-family="Mali" font-weight="700">กa</text></svg></div>`);
  await page.evaluate("document.fonts.ready");
  return page;
}

/** Mali, the Open Font License, by Cadson Demak. */
function fontFaces(): string {
  const files = join(dirname(createRequire(import.meta.url).resolve("@fontsource/mali/package.json")), "files");
  const ranges = { thai: "U+0E01-0E5B, U+200C-200D, U+25CC", latin: "U+0000-00FF, U+2000-206F" };
  return Object.entries(ranges)
    .flatMap(([script, range]) =>
      [500, 700].map((weight) => {
        const data = readFileSync(join(files, `mali-${script}-${weight}-normal.woff2`)).toString("base64");
        return `@font-face { font-family: Mali; font-weight: ${weight}; unicode-range: ${range};
          src: url(data:font/woff2;base64,${data}) }`;
      }),
    )
    .join("\n");
}

async function shoot(page: Page, svg: string): Promise<Buffer> {
  await page.evaluate(`document.getElementById("picture").innerHTML = ${JSON.stringify(svg)}`);
  return page.screenshot({ omitBackground: true, type: "png" });
}

function draw(drawing: Drawing, pages: Pages): Promise<Buffer> {
  return "frame" in drawing ? animate(pages.animated, drawing) : still(pages.still, drawing.svg);
}

async function still(page: Page, svg: string): Promise<Buffer> {
  return sharp(await shoot(page, svg))
    .webp({ quality: 90, alphaQuality: 100, effort: 6 })
    .toBuffer();
}

async function animate(page: Page, drawing: Extract<Drawing, { frame: unknown }>): Promise<Buffer> {
  const frames: Buffer[] = [];
  for (let i = 0; i < drawing.frames; i++) frames.push(await shoot(page, drawing.frame(i / drawing.frames)));
  const delay = frames.map(() => Math.round(1000 / drawing.framesPerSecond));
  return sharp(frames, { join: { animated: true } })
    .webp({ quality: 85, alphaQuality: 90, effort: 4, delay, loop: 0 })
    .toBuffer();
}

const [set = "", ...only] = process.argv.slice(2);
const { drawings } = (await import(`./sets/${set}/index.js`)) as { drawings: readonly Drawing[] };
const wanted = drawings.filter(({ file }) => only.length === 0 || only.some((name) => file.startsWith(name)));
const folder = join(here, "../../../../services/sticker-service/starter", set);
mkdirSync(folder, { recursive: true });
const browser = await chromium.launch({
  executablePath: process.env.KHUI_CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--force-color-profile=srgb"],
});
try {
  const pages = { still: await openPage(browser, stillSize), animated: await openPage(browser, animatedSize) };
  for (const drawing of wanted) {
    const picture = await draw(drawing, pages);
    writeFileSync(join(folder, drawing.file), picture);
    process.stdout.write(`${drawing.file} ${Math.ceil(picture.length / 1024)} KB\n`);
  }
} finally {
  await browser.close();
}
