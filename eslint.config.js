import { defineConfig, globalIgnores } from 'eslint/config'
import tseslint from 'typescript-eslint'

const tests = [
  '**/*.test.ts',
  '**/*.slow.ts',
  '**/*.test.mjs',
  'packages/quiverdb/src/store/contract.ts',
  'packages/quiverdb/src/testing/**',
  'packages/testing/**',
]

const privateKeyword = {
  selector: ':matches(PropertyDefinition, MethodDefinition[kind!="constructor"], TSParameterProperty)[accessibility="private"]',
  message: 'Private state is a #field.',
}
const nativeError = {
  selector: 'ThrowStatement > NewExpression[callee.name=/^(Error|TypeError|RangeError|SyntaxError)$/]',
  message: 'The library throws QuiverError with a stable code, so that programs can branch on it.',
}

export default defineConfig(
  globalIgnores([
    '**/dist/',
    '**/node_modules/',
    'packages/kernel/assembly/',
    'packages/kernel/src/binary.ts',
    'bench/.cache/',
    'bench/out/',
    'browser/.app/',
  ]),
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  {
    name: 'every file',
    rules: {
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-restricted-exports': [
        'error',
        { restrictDefaultExports: { direct: true, named: true, defaultFrom: true, namedFrom: true } },
      ],
      'no-self-compare': 'error',
      'no-var': 'error',
      'object-shorthand': 'error',
      'prefer-const': 'error',
      'max-lines': ['warn', { max: 400, skipBlankLines: true, skipComments: true }],
      'max-lines-per-function': ['warn', { max: 70, skipBlankLines: true, skipComments: true }],
    },
  },
  {
    name: 'plain JavaScript',
    files: ['**/*.{js,mjs,cjs}'],
    rules: { 'no-unused-vars': ['error', { argsIgnorePattern: '^_' }], 'no-duplicate-imports': 'error' },
  },
  {
    name: 'TypeScript',
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommended],
    languageOptions: { parserOptions: { project: './tsconfig.tests.json', tsconfigRootDir: import.meta.dirname } },
    rules: {
      'no-restricted-syntax': ['error', privateKeyword],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/consistent-type-exports': 'error',
      // These need types. They find what a test that passes does not: work nobody waits for, and cases nobody wrote.
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/no-unnecessary-type-assertion': 'error',
      '@typescript-eslint/only-throw-error': ['error', { allowThrowingUnknown: true }],
      '@typescript-eslint/prefer-promise-reject-errors': 'error',
      '@typescript-eslint/return-await': ['error', 'error-handling-correctness-only'],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
    },
  },
  {
    name: 'the library',
    files: ['packages/quiverdb/src/**/*.ts'],
    ignores: tests,
    rules: { 'no-console': 'error', 'no-restricted-syntax': ['error', privateKeyword, nativeError] },
  },
  {
    name: 'tests',
    files: tests,
    rules: { 'max-lines': 'off', 'max-lines-per-function': 'off', '@typescript-eslint/no-non-null-assertion': 'off' },
  },
  {
    name: "RushDB's client is a default export",
    files: ['packages/client/src/index.ts'],
    rules: { 'no-restricted-exports': 'off' },
  },
  {
    name: 'configuration, whose tools ask for a default export',
    files: ['**/*.config.{ts,js,mjs}'],
    rules: { 'no-restricted-exports': 'off' },
  },
)
