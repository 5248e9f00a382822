export * from './vectors.js'
