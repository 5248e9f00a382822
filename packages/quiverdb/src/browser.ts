export * from './index.js'
export * from './vectra/index.js'
export { BrowserWebFetcher, type BrowserWebFetcherConfig } from './vectra/browser-web-fetcher.js'
