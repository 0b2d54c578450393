/** The provider has just made a secret: another one takes its place, in its state and in its answer. */
export async function replaceSecret(
  answer: Response,
  {
    inForce,
    plant,
    secret,
  }: { readonly inForce: () => string; readonly plant: (secret: string) => void; readonly secret: string },
): Promise<Response> {
  const made = inForce();
  plant(secret);
  const body: unknown = JSON.parse(await answer.text(), (_key, value: unknown) =>
    value === made ? secret : value,
  );
  return Response.json(body, { status: answer.status });
}
