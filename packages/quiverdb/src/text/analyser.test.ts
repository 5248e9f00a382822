import { expect, test } from 'vitest'
import { analyserName, languageOf, loadAnalyser } from './analyser.js'
import { textLanguages } from './language.js'

/**
 * What analysers make of some words is stored with indexes. Where this fails, a dependency stems or stops otherwise than before: either take the version
 * that was, or raise the edition in `analyser.ts` and write down here what comes out now.
 */
test.each([
  ['none-1', "The Naïve wing's 3rd HÄUSER", 'the naive wing s 3rd hauser'],
  ['english-1', "The boundary layers of naïve wings don't succeed; universities", 'boundari layer naiv wing succe univers'],
  ['german-1', 'Die Häuser und die Straßen der Mächtigkeit', 'haus strass machtig'],
  ['french-1', "L'ingénierie des moteurs était générale", 'ingenier moteur general'],
  ['spanish-1', 'Las canciones de los pájaros corriendo', 'cancion pajar corr'],
  ['russian-1', 'Красивые ёлки в лесах', 'красив елк лес'],
  ['finnish-1', 'Kirjastoissamme on kauniita taloja', 'kirjasto kauni talo'],
])('terms of %s', async (name, text, terms) => {
  expect((await loadAnalyser(name)).terms(text).join(' ')).toBe(terms)
})

test('every language loads, is quiet about its own stop words and knows odd words', async () => {
  for (const language of textLanguages) {
    const analyser = await loadAnalyser(analyserName(language))
    expect(languageOf(analyser.name)).toBe(language)
    for (const word of ['constructor', '__proto__', 'toString', 'x', '東京', '😀', 'й', 'ａ', '1958']) {
      for (const term of analyser.terms(word)) expect(term.length, `${language}: ${word}`).toBeGreaterThan(0)
    }
  }
  expect((await loadAnalyser('english-1')).terms('to be or not to be')).toEqual([])
})

test('terms do not depend on what was analysed before', async () => {
  const analyser = await loadAnalyser('english-1')
  const before = analyser.terms('Relational layers of heat')
  for (let i = 0; i < 120_000; i += 1000) analyser.terms(Array.from({ length: 1000 }, (_, j) => `w${i + j}`).join(' '))
  expect(analyser.terms('Relational layers of heat')).toEqual(before)
})

test('an analyser of another version is refused', async () => {
  await expect(loadAnalyser('english-2')).rejects.toMatchObject({ code: 'UNSUPPORTED', details: { analyser: 'english-2' } })
  await expect(loadAnalyser('klingon-1')).rejects.toMatchObject({ code: 'UNSUPPORTED' })
})
