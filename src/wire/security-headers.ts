/** Headers of every answer over HTTP. Pages that need others set them over these. */
export function securityHeaders({ https }: { readonly https: boolean }): Readonly<Record<string, string>> {
  return {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cache-control": "no-store",
    // Two years, of which browsers remember the rest after each visit.
    ...(https ? { "strict-transport-security": "max-age=63072000" } : {}),
  };
}
