// Where texts of a type are cut, the strongest first: exactly the lists of Vectra 0.15, whose indexes are cut by them.

const paragraphs = ['\n\n', '\n'] as const

/** Comments by which a programmer marks where code may be cut. */
const regionMarks = ['// LLM-REGION', '/* LLM-REGION', '/** LLM-REGION'] as const

const lines = (starts: string): string[] => starts.split(',').map((start) => `\n${start} `)
const tags = (names: string): string[] => names.split(' ').map((name) => `<${name}>`)

// A single space stands for "by tokens": it is no separator that is looked for.
const typed = [...regionMarks, ...lines('class,public,protected,private,static,if,for,while,switch,case'), ...paragraphs, ' ']
const script = [...regionMarks, ...lines('class,function,const,let,var,class,if,for,while,switch,case,default'), ...paragraphs]
const python = ['\nclass ', '\ndef ', '\n\tdef ', ...paragraphs]
const markdown = [
  ...lines('##,###,####,#####,######'),
  '```\n\n',
  '\n\n***\n\n',
  '\n\n---\n\n',
  '\n\n___\n\n',
  '<table>',
  ...paragraphs,
]
const latex = [
  ...['chapter', 'section', 'subsection', 'subsubsection'].map((name) => `\n\\${name}{`),
  ...'enumerate itemize description list quote quotation verse verbatim align'.split(' ').map((name) => `\n\\begin{${name}}`),
  ...paragraphs,
]
const html = tags('body div p br li h1 h2 h3 h4 h5 h6 span table tr td th ul ol header footer nav head style script meta title')
const solidity =
  'pragma,using,contract,interface,library,constructor,type,function,event,modifier,error,struct,enum,if,for,while,do while,assembly'

const separatorsByType = new Map<string, readonly string[]>([
  ['cpp', [...lines('class,void,int,float,double,if,for,while,switch,case'), ...paragraphs]],
  ['go', [...lines('func,var,const,type,if,for,switch,case'), ...paragraphs]],
  ...['java', 'c#', 'csharp', 'cs', 'ts', 'tsx', 'typescript'].map((type) => [type, typed] as const),
  ...['js', 'jsx', 'javascript'].map((type) => [type, script] as const),
  ['php', [...lines('function,class,if,foreach,while,do,switch,case'), ...paragraphs]],
  ['proto', [...lines('message,service,enum,option,import,syntax'), ...paragraphs]],
  ['python', python],
  ['py', python],
  ['rst', ['\n===\n', '\n---\n', '\n***\n', '\n.. ', ...paragraphs]],
  ['ruby', [...lines('def,class,if,unless,while,for,do,begin,rescue'), ...paragraphs]],
  ['rust', [...lines('fn,const,let,if,while,for,loop,match,const'), ...paragraphs]],
  ['scala', [...lines('class,object,def,val,var,if,for,while,match,case'), ...paragraphs]],
  ['swift', [...lines('func,class,struct,enum,if,for,while,do,switch,case'), ...paragraphs]],
  ['md', markdown],
  ['markdown', markdown],
  ['latex', latex],
  ['html', html],
  ['sol', [...lines(solidity), ...paragraphs]],
])

/** @param docType such as `md`, `ts` or `html`, in lower case; others have paragraphs and lines */
export function separatorsOf(docType: string | undefined): readonly string[] {
  return separatorsByType.get(docType ?? '') ?? paragraphs
}
