import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { geoPath } from 'd3-geo';
import { rolldown } from 'rolldown';
import { feature } from 'topojson-client';

/** Builds the pages from `page` into `dist`: scripts bundled, the map drawn into the HTML, so that a browser gets paths and no geometry. */

/** @typedef {import('topojson-specification').Topology<{ states: import('topojson-specification').GeometryCollection<{ name: string }> }>} Atlas */

const PAGE = new URL('page/', import.meta.url);
const DIST = new URL('dist/', import.meta.url);
const require = createRequire(import.meta.url);

const COPIED = ['style.css', 'feed.css', 'icon.svg', 'feed.html'];
const TAKEN = {
  'restante.js': require.resolve('@restante/client/restante.js'),
  'source-serif-4.woff2': require.resolve('@fontsource-variable/source-serif-4/files/source-serif-4-latin-wght-normal.woff2'),
  'source-sans-3.woff2': require.resolve('@fontsource-variable/source-sans-3/files/source-sans-3-latin-wght-normal.woff2'),
};

/** Where the middle of a state is no good place for its label: in the units of the map, away from the middle. @type {Readonly<Record<string, [number, number]>>} */
const LABEL_SHIFTS = {
  CA: [-6, 0],
  FL: [14, 4],
  ID: [0, 14],
  KY: [4, 2],
  LA: [-8, 0],
  MI: [12, 24],
  MN: [-4, 0],
  VA: [6, 4],
  WV: [-4, 4],
  AK: [0, -6],
  NY: [4, 2],
  MA: [0, -1],
  OK: [8, 0],
};

/** States too small for a label: it stands in the sea, and a line leads to it. @type {Readonly<Record<string, [number, number]>>} */
const LABELS_BESIDE = {
  VT: [838, 62],
  NH: [866, 84],
  MA: [942, 168],
  RI: [942, 190],
  CT: [930, 212],
  NJ: [900, 244],
  DE: [896, 268],
  MD: [890, 292],
  HI: [352, 568],
};

async function drawMap() {
  const states = await statesByName();
  const atlas = /** @type {Atlas} */ (JSON.parse(await readFile(require.resolve('us-atlas/states-albers-10m.json'), 'utf8')));
  const path = geoPath().digits(1);
  const shapes = [];
  const labels = [];
  for (const shape of feature(atlas, atlas.objects.states).features) {
    const { name } = shape.properties;
    const d = path(shape);
    const state = states.get(name);
    if (state === undefined) {
      shapes.push(`<path class="no-data" d="${d}"/>`);
      continue;
    }
    const { postal, slug } = state;
    const [middleX, middleY] = path.centroid(shape);
    const [shiftX, shiftY] = LABEL_SHIFTS[postal] ?? [0, 0];
    const [x, y] = [round(middleX + shiftX), round(middleY + shiftY)];
    shapes.push(
      `<path class="state" role="option" tabindex="-1" aria-selected="false" aria-label="${name}: no votes yet" data-state="${slug}" data-x="${x}" data-y="${y}" d="${d}"/>`,
    );
    const beside = LABELS_BESIDE[postal];
    if (beside === undefined) labels.push(`<text class="label" data-state="${slug}" x="${x}" y="${y}">${postal}</text>`);
    else {
      const [labelX, labelY] = beside;
      // To the side of its name, or, where the name stands above the state, to below it.
      const to = labelY < y - 50 ? `${labelX + 9} ${labelY + 8}` : `${labelX - 3} ${labelY}`;
      labels.push(`<path class="leader-line" d="M${x} ${y}L${to}"/>`);
      labels.push(`<text class="label beside" data-state="${slug}" x="${labelX}" y="${labelY}">${postal}</text>`);
    }
  }
  return `<svg id="atlas" class="atlas" viewBox="0 0 975 610" role="listbox" aria-label="States">
${hatch('strong')}${hatch('close')}
<g role="presentation">${shapes.join('\n')}</g>
<g aria-hidden="true"><path id="outline" class="outline" d=""/>${labels.join('\n')}</g>
</svg>`;
}

/** @param {'strong' | 'close'} tone */
function hatch(tone) {
  const id = tone === 'strong' ? 'hatch-trump' : 'hatch-trump-close';
  return `<defs><pattern id="${id}" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect class="hatch-ground-${tone}" width="7" height="7"/><line class="hatch-line-${tone}" x1="0" x2="0" y1="0" y2="7" stroke-width="2.4"/></pattern></defs>`;
}

/** @param {number} number */
function round(number) {
  return Math.round(number * 10) / 10;
}

/**
 * The states by name, from the module that the pages use.
 * @returns {Promise<Map<string, { name: string, postal: string, slug: string }>>}
 */
async function statesByName() {
  const bundle = await rolldown({ input: fileURLToPath(new URL('states.ts', PAGE)) });
  const { output } = await bundle.generate({ format: 'esm' });
  const { STATES } = await import(`data:text/javascript,${encodeURIComponent(output[0].code)}`);
  return new Map(STATES.map((/** @type {{ name: string, postal: string, slug: string }} */ state) => [state.name, state]));
}

async function bundleScripts() {
  const input = { election: fileURLToPath(new URL('election.ts', PAGE)), feed: fileURLToPath(new URL('feed.ts', PAGE)) };
  const bundle = await rolldown({ input, platform: 'browser' });
  await bundle.write({
    dir: fileURLToPath(DIST),
    format: 'esm',
    minify: true,
    sourcemap: true,
    entryFileNames: '[name].js',
    chunkFileNames: '[name].js',
  });
}

await rm(DIST, { recursive: true, force: true });
await mkdir(DIST, { recursive: true });
const page = await readFile(new URL('index.html', PAGE), 'utf8');
await writeFile(new URL('index.html', DIST), page.replace('<!-- map -->', await drawMap()));
for (const name of COPIED) await cp(new URL(name, PAGE), new URL(name, DIST));
for (const [name, file] of Object.entries(TAKEN)) await cp(file, new URL(name, DIST));
await bundleScripts();
