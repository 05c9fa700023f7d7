// Bundles src/ into dist/: app.js.gz, app.css.gz and LICENSES.txt. No file names with hashes: the server sends an
// ETag, and nodes of two releases behind one load balancer can then still answer for each other's page.
import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

process.chdir(import.meta.dirname);

const withoutFonts = {
  name: 'without-fonts',
  setup({ onLoad }) {
    onLoad({ filter: /graphiql[\\/]dist[\\/]style\.css$/ }, async ({ path }) => ({
      contents: (await readFile(path, 'utf8')).replace(/@font-face\s*\{[^}]*\}/g, ''),
      loader: 'css',
    }));
  },
};

const { outputFiles, metafile } = await build({
  entryPoints: { app: 'src/main.jsx' },
  outdir: 'dist',
  bundle: true,
  minify: true,
  write: false,
  metafile: true,
  legalComments: 'none',
  format: 'iife',
  target: ['chrome120', 'firefox121', 'safari17.2'],
  jsx: 'automatic',
  alias: { 'react-style-singleton': './src/style-singleton.js' },
  define: { 'process.env.NODE_ENV': '"production"' },
  plugins: [withoutFonts],
});

await rm('dist', { recursive: true, force: true });
await mkdir('dist');
for (const { path, contents } of outputFiles) {
  const name = path.split(/[\\/]/).pop();
  const packed = gzipSync(contents, { level: 9 });
  packed[9] = 255; // "unknown operating system", so that every machine builds the same bytes
  await writeFile(`dist/${name}.gz`, packed);
  console.log(`${name}: ${contents.length} bytes, ${packed.length} compressed`);
}

// Only what really went into the bundle
const used = new Set();
for (const { inputs } of Object.values(metafile.outputs)) {
  for (const [path, { bytesInOutput }] of Object.entries(inputs)) {
    const found = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path);
    if (found && bytesInOutput > 0) used.add(found[1]);
  }
}
// These ship no licence file; the named package of the same authors, under the same licence, does.
const SIBLING = {
  '@graphiql/plugin-doc-explorer': 'graphiql',
  '@graphiql/plugin-history': 'graphiql',
  'react-compiler-runtime': 'react',
  'react-remove-scroll-bar': 'react-remove-scroll',
  'toggle-selection': 'copy-to-clipboard',
};
const sections = [];
for (const folder of used) {
  const { name, version, license } = JSON.parse(await readFile(`${folder}/package.json`, 'utf8'));
  const home = name in SIBLING ? `node_modules/${SIBLING[name]}` : folder;
  const files = (await readdir(home)).filter(entry => /^(licen[cs]e|copying|notice)/i.test(entry)).sort();
  if (files.length === 0) throw new Error(`${name} has no licence file: add it to SIBLING`);
  const texts = await Promise.all(files.map(file => readFile(`${home}/${file}`, 'utf8')));
  const text = texts.map(part => part.replaceAll('\r\n', '\n').trim()).join('\n\n');
  sections.push(`${name} ${version} (${license})\n\n${text}\n`);
}
sections.sort();
const rule = `\n${'-'.repeat(80)}\n\n`;
await writeFile(
  'dist/LICENSES.txt',
  `GraphiQL as Orgraph serves it holds these packages.\n${rule}${sections.join(rule)}`,
);
console.log(`LICENSES.txt: ${sections.length} packages`);
