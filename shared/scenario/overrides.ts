/**
 * Changes to a scenario from outside its file: `hosts.host-1.memory=4GiB`, `hosts.*.swap.size=0B` (`*` stands for every
 * name, or every item of a list, at its level). They edit the YAML document, so that comments stay and the run folder
 * can hold the scenario as it was run. A key that is absent from an existing mapping may be set; a missing mapping on
 * the way is an error, but where `*` led elsewhere too.
 */
import {
  type Document,
  isAlias,
  isCollection,
  isMap,
  isScalar,
  isSeq,
  type Node,
  Scalar,
  visit,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml'
import { ColdpoolError } from '../errors.ts'
import { parseYaml, type ScenarioDocument } from './document.ts'
import { oneOf, printable, ScenarioError, shown } from './problems.ts'

/** What aliases may expand to before a document with aliases is edited. */
const EXPANDED_NODES_MAX = 100_000

/** The path of an override, keys and `*`. */
export type OverridePath = readonly string[]

/** Applies them in their order; gives the path of each. */
export function applyOverrides(scenario: ScenarioDocument, overrides: readonly string[]): OverridePath[] {
  if (overrides.length > 0) expandAliases(scenario.yaml)
  return overrides.map((override) => applyOverride(scenario, override))
}

function applyOverride({ yaml }: ScenarioDocument, override: string): OverridePath {
  const split = override.indexOf('=')
  const path = override.slice(0, Math.max(split, 0)).split('.')
  if (split < 0 || path.some((key) => key === '')) {
    fail('--set', `got ${shown(override)}`, 'path=value, such as hosts.*.swap.size=0B')
  }
  const value = parseValue(override.slice(split + 1), path.join('.'))
  let parents: Collection[] = isCollection(yaml.contents) ? [yaml.contents] : []
  for (const [depth, key] of path.slice(0, -1).entries()) {
    const children = parents.flatMap((parent) => childrenOf(parent, key)).filter((child) => isMap(child) || isSeq(child))
    if (children.length === 0) failStep(path, depth, parents)
    parents = children
  }
  const key = path.at(-1)!
  let changed = 0
  for (const parent of parents) {
    for (const slot of slotsOf(parent, key)) {
      const before = parent.get(slot, true)
      parent.set(slot, replacement(yaml, before, value))
      changed++
    }
  }
  if (changed === 0) failStep(path, path.length - 1, parents)
  return path
}

type Collection = YAMLMap | YAMLSeq

function childrenOf(parent: Collection, key: string): unknown[] {
  return slotsOf(parent, key).map((slot) => parent.get(slot, true))
}

/** The keys (or indices) of a collection that a part of a path means; a mapping may get a new key. */
function slotsOf(parent: Collection, key: string): (string | number)[] {
  if (isMap(parent)) return key === '*' ? keysOf(parent) : [key]
  const length = parent.items.length
  if (key === '*') return Array.from({ length }, (_, i) => i)
  return /^\d{1,6}$/.test(key) && Number(key) < length ? [Number(key)] : []
}

function keysOf(parent: Collection): string[] {
  if (!isMap(parent)) return parent.items.map((_, i) => String(i))
  return parent.items.map(({ key }) => String(isScalar(key) ? key.value : key))
}

function parseValue(text: string, where: string): unknown {
  const yaml = parseYaml(text)
  const wrong = yaml.errors[0] ?? yaml.warnings[0]
  let aliases = 0
  visit(yaml, { Alias: () => void aliases++ })
  if (wrong !== undefined || aliases > 0) fail(where, `got ${shown(text)}`, 'a value in YAML, such as 4GiB, true or [device-1]')
  return yaml.toJS()
}

/** The new node takes the comments of the one it replaces. */
function replacement(yaml: Document, before: unknown, value: unknown): Node {
  const node = yaml.createNode(value) as Node
  if (isScalar(before) && node instanceof Scalar) {
    if (before.comment != null) node.comment = before.comment
    if (before.commentBefore != null) node.commentBefore = before.commentBefore
    if (before.spaceBefore !== undefined) node.spaceBefore = before.spaceBefore
  }
  return node
}

/** An edit through an alias or its anchor would change both places; so each alias becomes a copy first. */
function expandAliases(yaml: Document): void {
  let nodes = 0
  const copies: Node[] = []
  visit(yaml, {
    Alias(_, alias) {
      const copy = alias.resolve(yaml)?.clone() as Node
      visit(copy, { Node: () => void nodes++ })
      if (nodes > EXPANDED_NODES_MAX)
        fail('--set', 'the aliases of the scenario expand to too much', 'a scenario with fewer aliases')
      unanchor(copy)
      copies.push(copy)
      return copy
    },
  })
  if (copies.length > 0) unanchor(yaml)
}

function unanchor(root: Node | Document): void {
  visit(root, {
    Node(_, node) {
      if (!isAlias(node)) delete node.anchor
    },
  })
}

function failStep(path: OverridePath, depth: number, parents: readonly Collection[]): never {
  const before = path.slice(0, depth).join('.')
  const known = [...new Set(parents.flatMap(keysOf))]
  const place = before === '' ? 'the scenario' : before
  fail(path.join('.'), `${shown(path[depth])} is no mapping or item of ${printable(place)}`, oneOf(known, path[depth]))
}

function fail(where: string, problem: string, expected: string): never {
  throw new ScenarioError([new ColdpoolError('CP_OVERRIDE', printable(where), problem, printable(expected))], where)
}
