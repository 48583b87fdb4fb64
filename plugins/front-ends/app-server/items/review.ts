/** A turn that reviews: marked in the client's id of its input, so that every reader of the thread knows. */

const mark = 'review:';

/** The client id that marks a review; `label` says of what. */
export const reviewId = (label: string) => `${mark}${label}`;

/** What a marked input reviews; `undefined` for any other. */
export const reviewLabelOf = (clientId: string | undefined) =>
  clientId?.startsWith(mark) === true ? clientId.slice(mark.length) : undefined;
