import type { RecordedRequest } from "./emulator.ts";

/** The longest chain of requests that waited for one another. */
export interface Chain {
  /** How many round trips deep the work was. */
  readonly length: number;
  /** Such a chain, first to last; the later request, where two would do. */
  readonly requests: readonly RecordedRequest[];
  /**
   * How deep a request is: its place, from 1 on, in the longest chain that ends with it. Of several that match, the
   * deepest counts. Throws where none matches.
   */
  position(which: (request: RecordedRequest) => boolean): number;
}

/**
 * Finds the longest chain in which each request started after the one before it had ended, among the recorded requests
 * of one or more emulators of this process.
 *
 * Two requests that a client sends at the same time count as one after the other if the first is answered before the
 * second arrives. So give the emulators a latency that is long beside what starting a request takes.
 */
export function longestChain(requests: readonly RecordedRequest[]): Chain {
  const byStart = requests.toSorted((a, b) => a.startedAt - b.startedAt);
  const byEnd = requests.toSorted((a, b) => a.endedAt - b.endedAt);
  const links = new Map<RecordedRequest, Link>();
  let deepest: Link | undefined;
  let ended = 0;
  for (const request of byStart) {
    // Whatever has ended by now started before this one, so its link is there.
    for (
      let next = byEnd[ended];
      next !== undefined && next.endedAt < request.startedAt;
      next = byEnd[ended]
    ) {
      deepest = deeper(deepest, links.get(next));
      ended += 1;
    }
    links.set(request, { request, before: deepest, depth: (deepest?.depth ?? 0) + 1 });
  }

  let last: Link | undefined;
  for (const link of links.values()) last = deeper(last, link);
  const chain: RecordedRequest[] = [];
  for (let link = last; link !== undefined; link = link.before) chain.unshift(link.request);
  return {
    length: chain.length,
    requests: chain,
    position: (which) => {
      const depths = [...links.values()].filter(({ request }) => which(request)).map(({ depth }) => depth);
      if (depths.length === 0) throw new Error("None of the recorded requests is meant.");
      return Math.max(...depths);
    },
  };
}

interface Link {
  readonly request: RecordedRequest;
  /** The end of the longest chain that had ended when the request started. */
  readonly before: Link | undefined;
  readonly depth: number;
}

function deeper(one: Link | undefined, other: Link | undefined): Link | undefined {
  return (other?.depth ?? 0) >= (one?.depth ?? 0) ? (other ?? one) : one;
}
