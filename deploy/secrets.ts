/**
 * The secrets of a cluster: one password for each NATS user and one for the routes between NATS servers, and the token with
 * which Prometheus scrapes the observer. What is given (by `.env`) wins, what was made before stays, the rest is made anew.
 * Pure: files go in and come out by name.
 */

/** The users of deploy/nats/users.conf; a password of each is in `NAME/password`, which only that user's containers mount. */
export const USERS = ['conductor', 'host', 'device', 'promoter', 'workload', 'observer', 'operator', 'sweep', 'worker'] as const

/** Between NATS servers; stays among them. */
const ROUTE = 'route'

/** Opens the observer's /metrics; mounted by the observer and by Prometheus. Nobody has to know it, so nobody gives it. */
const METRICS = 'metrics/token'

/** The servers of docker-compose.nats-cluster.yml, as variables of deploy/nats/cluster.conf. */
const ROUTES = { ROUTE_1: 'nats', ROUTE_2: 'nats-2', ROUTE_3: 'nats-3' }

/** Neither a quote that would end a string of NATS's configuration, nor a `$` by which it would take a password for a hash. */
const PASSWORD = /^[\w.~-]{8,128}$/

export interface SecretSources {
  /** The environment: `COLDPOOL_HOST_PASSWORD` and the like; an empty one counts as absent. */
  readonly given: Readonly<Record<string, string | undefined>>
  /** What the file of this name held after an earlier start. */
  readonly earlier: (file: string) => string | undefined
  /** A new password. */
  readonly make: () => string
}

/** The text of every file, by its path. Throws if a given password could not be written into NATS's configuration. */
export function secretFiles(sources: SecretSources): ReadonlyMap<string, string> {
  const passwords = new Map<string, string>(USERS.map((user) => [user, passwordOf(user, `${user}/password`, sources)]))
  const route = passwordOf(ROUTE, 'nats/route-password', sources)
  const routes = Object.entries(ROUTES).map(([name, server]) => variable(name, `nats-route://${ROUTE}:${route}@${server}:6222`))
  return new Map([
    ...Array.from(passwords, ([user, password]) => [`${user}/password`, password] as const),
    [METRICS, sources.earlier(METRICS) ?? sources.make()],
    ['nats/route-password', route],
    ['nats/passwords.conf', Array.from(passwords, ([user, password]) => variable(variableOf(user), password)).join('')],
    ['nats/routes.conf', variable(variableOf(ROUTE), route) + routes.join('')],
  ])
}

function passwordOf(user: string, file: string, { given, earlier, make }: SecretSources): string {
  const name = `COLDPOOL_${variableOf(user)}`
  const wanted = given[name] ?? ''
  if (wanted !== '' && !PASSWORD.test(wanted))
    throw new RangeError(`${name}: got ${wanted.length} characters, expected 8 to 128 of A-Z a-z 0-9 _ . ~ -`)
  return wanted || earlier(file) || make()
}

function variableOf(user: string): string {
  return `${user.toUpperCase()}_PASSWORD`
}

function variable(name: string, value: string): string {
  return `${name}: "${value}"\n`
}
