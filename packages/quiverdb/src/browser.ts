export * from './index.js'
export * from './vectra/index.js'
