import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

/** Makes `dist/restante.js` of the built client: the whole of it in one file, for pages that have no bundler. */

const DIST = new URL('dist/', import.meta.url);

const bundle = await rolldown({ input: fileURLToPath(new URL('index.js', DIST)), platform: 'browser' });
await bundle.write({ file: fileURLToPath(new URL('restante.js', DIST)), format: 'esm', minify: true });
