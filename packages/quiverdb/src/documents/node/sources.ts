export { o200kTokenizer as defaultTokenizer } from '../../text/o200k-tokenizer.js'
export { fetchText } from './fetch-text.js'
export { readFileText } from './read-file.js'
