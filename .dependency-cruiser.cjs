// The floors of the house. A file imports from its own floor's folder and from floors below, never upwards or sideways.
//
//   6  packages/server     the command line and the demo
//   5  database            opening, namespaces, background work
//   4  documents           texts as records: cut, embedded, found
//   4  collection          records: write path, search path, versions as the user sees them
//   3  history | segment   the log and its commits | row parts and index parts
//   2  vector | filter | text | fetch | embed | store | format
//   1  packages/kernel     WebAssembly
const library = '^packages/quiverdb/src'
const tests = '[.](test|slow)[.]ts$'
/** Test support that lies beside what it tests. */
const testSupport = `(${tests}|^packages/[^/]+/src/(store/contract[.]ts$|testing/))`
/** A workspace package as it is reached from another one: by its name, which leads to its build. */
const workspace = '^packages/[^/]+/'

/** A folder of the library, and the other folders of the library that its files may import. */
function floor(name, allowed, guards) {
  const reach = [name, ...allowed].join('|')
  return {
    name: `floor-${name}`,
    comment: guards,
    severity: 'error',
    from: { path: `${library}/${name}/`, pathNot: tests },
    to: { path: `${library}/`, pathNot: `${library}/((${reach})/|errors[.]ts$)` },
  }
}

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'no-circular',
      comment: 'Two files that import each other are one file in disguise: neither can be read, tested or replaced alone.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'resolvable',
      comment: 'Every import leads to a file. One that does not would pass all other rules, since nobody knows where it leads.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'versions-below-reads-and-writes',
      comment: 'A version in memory knows neither who reads it nor who writes; readers and writers do not know each other.',
      severity: 'error',
      from: { path: `${library}/collection/(version|read|write)/`, pathNot: tests },
      to: { path: `${library}/collection/(read|write|worker)/`, pathNot: `${library}/collection/$1/` },
    },
    {
      name: 'kernel-imports-nothing',
      comment:
        'The kernel is numbers in linear memory. It knows no file, no record and no name, so it runs in any thread or tab.',
      severity: 'error',
      from: { path: '^packages/kernel/src/', pathNot: tests },
      to: { pathNot: '^packages/kernel/src/' },
    },
    {
      name: 'errors-import-nothing',
      comment: 'Every floor of the library throws QuiverError, so its file lies below all of them.',
      severity: 'error',
      from: { path: `${library}/errors[.]ts$` },
      to: {},
    },
    floor('format', [], 'Bytes in, values out: the framing of stored objects knows nothing of what is stored in them.'),
    floor(
      'vector',
      [],
      'Vectors and graphs are numbered slots in memory: where they are kept and which record owns them is decided above.',
    ),
    floor('filter', ['format'], 'A condition is evaluated on plain values; which index answers it instead is decided above.'),
    floor(
      'text',
      ['format'],
      'Text in, pieces, tokens and terms out: which document or version a text belongs to is known above.',
    ),
    floor('embed', ['format'], 'An embedder turns texts into vectors: which records they belong to is decided above.'),
    floor('fetch', [], 'What lies at a URL, guarded: who wants it and what becomes of it is decided above.'),
    floor('store', [], 'An object store holds keys and bytes, so that a new one is written without reading the rest.'),
    floor(
      'segment',
      ['format', 'vector', 'filter', 'text', 'store'],
      'A part is complete in itself: which version holds it is the business of the history.',
    ),
    floor('history', ['format', 'filter', 'store'], 'The log orders commits that name parts by key: it never looks into a part.'),
    floor(
      'collection',
      ['format', 'vector', 'filter', 'text', 'embed', 'store', 'segment', 'history'],
      'A collection reads and drafts commits; it does not open databases nor schedule work.',
    ),
    floor(
      'documents',
      ['format', 'filter', 'text', 'embed', 'fetch', 'history', 'collection'],
      'Documents are records of two collections: they open no database.',
    ),
    floor(
      'database',
      ['format', 'vector', 'filter', 'text', 'embed', 'store', 'segment', 'history', 'collection', 'documents'],
      'The database is the top floor of the library: only its public entry (index.ts) lies above.',
    ),
    floor(
      'vectra',
      ['format', 'vector', 'filter', 'text', 'fetch', 'store', 'segment', 'history', 'collection', 'database'],
      "Vectra's index is a surface of its own: files in, items out. Nothing below knows of it.",
    ),
    {
      name: 'library-above-kernel-only',
      comment:
        'Of the workspaces the library needs the kernel alone: server and test generators never become part of an install of quiverdb.',
      severity: 'error',
      from: { path: `${library}/`, pathNot: testSupport },
      to: { path: workspace, pathNot: [`${library}/`, '^packages/kernel/dist/index[.]'] },
    },
    {
      name: 'kernel-in-the-vector-floor',
      comment:
        'Only the vector floor knows the layout of the memory of the kernel. Where a thread begins (the database, a worker) the kernel is ' +
        'loaded; the other floors are handed what they need of it, such as a checksum.',
      severity: 'error',
      from: {
        path: `${library}/`,
        pathNot: [`${library}/(vector|database)/`, `${library}/[^/]+/worker/run-job[.]ts$`, testSupport],
      },
      to: { path: '^packages/kernel/' },
    },
    {
      name: 'server-uses-the-public-entry',
      comment: 'The command line lives from what every user of the library has. What it misses, the library lacks.',
      severity: 'error',
      from: { path: '^packages/server/src/' },
      to: {
        path: workspace,
        pathNot: [
          '^packages/server/',
          '^packages/quiverdb/dist/((vectra|embed|documents)/)?index[.]',
          '^packages/testing/dist/index[.]',
        ],
      },
    },
    {
      name: 'client-stands-alone',
      comment: 'The client is text over fetch: it runs where no part of the database does, and brings nothing with it.',
      severity: 'error',
      from: { path: '^packages/client/src/', pathNot: tests },
      to: { pathNot: '^packages/client/src/' },
    },
    {
      name: 'testing-is-for-tests',
      comment: 'Seeded generators are shared by tests; a product that imports them would ship its own examination.',
      severity: 'error',
      from: { pathNot: [testSupport, '^packages/testing/'] },
      to: { path: '^packages/testing/' },
    },
    {
      name: 'node-at-the-edge',
      comment:
        'The library runs in a browser tab too: Node is met in the directory store and in the host of worker threads, nowhere else.',
      severity: 'error',
      from: {
        path: ['^packages/(kernel|testing)/src/', `${library}/`],
        pathNot: [
          testSupport,
          `${library}/store/directory`,
          `${library}/documents/node/`,
          `${library}/fetch/public-`,
          `${library}/[^/]+/(worker|threads)/[^/]+-node[.]ts$`,
          `${library}/vectra/storage/[^/]*local[^/]*[.]ts$`,
          `${library}/vectra/(file-fetcher|folder-watcher|text-files|watched-files|require-transformers)[.]ts$`,
        ],
      },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'declared-dependencies',
      comment: 'A package that works only because a neighbour installed something breaks for the user who has no such neighbour.',
      severity: 'error',
      from: { path: '^packages/[^/]+/src/', pathNot: testSupport },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'tests-are-leaves',
      comment: 'Nothing imports a test.',
      severity: 'error',
      from: {},
      to: { path: tests },
    },
  ],
  options: {
    // Builds are where the edges between workspaces end; they are not looked into.
    doNotFollow: { path: ['node_modules', '^packages/[^/]+/dist/'] },
    exclude: { path: ['^packages/kernel/(assembly/|build[.]mjs$)'] },
    // Imports of types count: a floor that knows a type of the floor above depends on it.
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.tests.json' },
    combinedDependencies: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['quiver-source', 'import', 'types', 'node', 'default'],
      extensions: ['.ts', '.js', '.mjs', '.json', '.d.ts'],
    },
    cache: false,
  },
}
