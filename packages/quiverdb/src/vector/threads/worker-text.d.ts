/** What a worker of a browser runs, in one piece: bundled from `collection/worker/main-browser.ts` when the package is built. */
export declare const workerText: string
