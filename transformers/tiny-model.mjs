// Writes a model that Transformers.js loads: a vector for each word of a small vocabulary, and nothing else. Its ONNX file is a Protocol Buffers message
// (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto), of which one operator, `Gather`, is enough.
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

export const words = ['[PAD]', '[UNK]', 'wing', 'tail', 'boat', 'sail']
export const width = 4
/** The vector of word number `row`; the padding has one too, so that it shows when it is counted. */
export const rowOf = (row) => Array.from({ length: width }, (_, at) => Math.sin(row * 7 + at * 3) + row / 4)

const floatType = 1
const int64Type = 7

/** Makes the folder of the model. */
export async function writeTinyModel(folder) {
  await mkdir(join(folder, 'onnx'), { recursive: true })
  const json = (name, value) => writeFile(join(folder, name), JSON.stringify(value))
  await json('config.json', { model_type: 'bert', architectures: ['BertModel'], hidden_size: width, vocab_size: words.length })
  await json('tokenizer_config.json', {
    tokenizer_class: 'PreTrainedTokenizer',
    pad_token: '[PAD]',
    unk_token: '[UNK]',
    model_max_length: 8,
  })
  await json('tokenizer.json', {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: ['[PAD]', '[UNK]'].map((content, id) => {
      return { id, content, special: true, single_word: false, lstrip: false, rstrip: false, normalized: false }
    }),
    normalizer: { type: 'Lowercase' },
    pre_tokenizer: { type: 'Whitespace' },
    post_processor: null,
    decoder: null,
    model: { type: 'WordLevel', vocab: Object.fromEntries(words.map((word, id) => [word, id])), unk_token: '[UNK]' },
  })
  await writeFile(join(folder, 'onnx', 'model.onnx'), model())
}

function model() {
  const rows = words.flatMap((_, row) => rowOf(row))
  const vectors = message(
    [1, words.length],
    [1, width],
    [2, floatType],
    [8, 'vectors'],
    [9, new Uint8Array(Float32Array.from(rows).buffer)],
  )
  const gather = message([1, 'vectors'], [1, 'input_ids'], [2, 'last_hidden_state'], [4, 'Gather'])
  const graph = message(
    [1, gather],
    [2, 'words'],
    [5, vectors],
    [11, value('input_ids', int64Type, ['batch', 'sequence'])],
    [12, value('last_hidden_state', floatType, ['batch', 'sequence', width])],
  )
  return message([1, 8], [2, 'quiver'], [7, graph], [8, message([1, ''], [2, 13])])
}

function value(name, type, shape) {
  const dimensions = shape.map((one) => [1, typeof one === 'number' ? message([1, one]) : message([2, one])])
  return message([1, name], [2, message([1, message([1, type], [2, message(...dimensions)])])])
}

/** A message of fields by number: whole numbers as varints, texts and bytes behind their length. */
function message(...fields) {
  const bytes = fields.flatMap(([number, content]) => {
    if (typeof content === 'number') return [...varint(number << 3), ...varint(content)]
    const inner = typeof content === 'string' ? new TextEncoder().encode(content) : content
    return [...varint((number << 3) | 2), ...varint(inner.length), ...inner]
  })
  return Uint8Array.from(bytes)
}

function varint(value) {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)]
}
