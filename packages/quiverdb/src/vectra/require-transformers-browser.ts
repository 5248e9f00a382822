export { loadTransformers as requireTransformers } from './transformers-loader.js'
