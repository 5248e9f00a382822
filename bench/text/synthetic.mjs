const vocabulary = 50_000
const wordsEach = 12

/** Short texts of words whose frequencies fall as those of a language do (the n-th about as 1/n). */
export function syntheticTexts(count) {
  const random = sequence(1)
  return Array.from({ length: count }, (_, n) => ({
    id: `r${n}`,
    text: Array.from({ length: wordsEach }, () => word(Math.floor(Math.exp(random() * Math.log(vocabulary))))).join(' '),
  }))
}

/** What is asked: by how frequent the words are. Each round has words of its own. */
export const questionKinds = [
  { name: 'two rare words', text: (round) => [9_000 + round, 30_000 + round].map(word).join(' ') },
  { name: 'three words', text: (round) => [20 + round, 300 + round, 4_000 + round].map(word).join(' ') },
  { name: 'three frequent words', text: (round) => [1 + (round % 3), 4 + (round % 4), 9 + (round % 5)].map(word).join(' ') },
]

const word = (n) => `w${n.toString(36)}x`

/** A linear congruential generator (Numerical Recipes): the same numbers everywhere. */
function sequence(seed) {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}
