const NOBODY = 65_534

/** Runs `body` as a user who may do nothing, where this process can become one: as root. */
export async function withoutPrivileges<T>(body: () => Promise<T>): Promise<T> {
  const { geteuid, seteuid } = process
  if (!geteuid || !seteuid) throw new Error('this system has no users')
  const before = geteuid()
  seteuid(NOBODY)
  try {
    return await body()
  } finally {
    seteuid(before)
  }
}
