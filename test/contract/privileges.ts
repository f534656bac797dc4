const NOBODY = 65_534

/** Runs `body` as a user who may do nothing, where this process can become one: as root. Windows has none. */
export async function withoutPrivileges<T>(body: () => Promise<T>): Promise<T> {
  const { geteuid, seteuid } = process
  if (!geteuid || !seteuid) return await body()
  const before = geteuid()
  seteuid(NOBODY)
  try {
    return await body()
  } finally {
    seteuid(before)
  }
}
