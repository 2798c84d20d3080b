/** Carries out all experiments and writes docs/findings.md with their pictures: `npm run findings` (minutes). */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { answerOf } from '#experiments/answer.ts'
import { EXPERIMENTS } from '#experiments/catalogue.ts'
import { study } from '#experiments/study.ts'

export const FINDINGS_FILE = join(import.meta.dirname, 'findings.md')
const PICTURES = join(import.meta.dirname, 'findings')
const PREFACE = `<!-- Made by \`npm run findings\`. Change the experiments, or the models. -->

# Findings

What runs of the models say, each with its limits. \`coldpool experiment NAME\` repeats any of it.
`

/** Stands under each finding: whoever repeats the experiment's first run can tell whether it still holds. */
export function seal(name: string, digest: string): string {
  return `<!-- ${name}: the first run has the digest ${digest} -->`
}

if (process.argv[1] === import.meta.filename) {
  rmSync(PICTURES, { recursive: true, force: true })
  mkdirSync(PICTURES)
  const sections: string[] = []
  for (const experiment of EXPERIMENTS) {
    const { name } = experiment
    process.stderr.write(`${name} …\n`)
    const given = await study(experiment)
    const { text, charts } = await answerOf(given)
    const pictures = Object.entries(charts).map(([axis, svg]) => {
      writeFileSync(join(PICTURES, `${name}-${axis}.svg`), svg)
      return `![${name}, by ${axis}](findings/${name}-${axis}.svg)`
    })
    sections.push([`## ${name}`, text, ...pictures, seal(name, given.digest)].join('\n\n'))
  }
  writeFileSync(FINDINGS_FILE, `${PREFACE}\n${sections.join('\n\n')}\n`)
}
