// Where a page is in a list, as answers say it.

/** Of page `page` (from 1) of `limit` items each, where there are `total` items in all. An empty list has one page. */
export const pagination = (page: number, limit: number, total: number) => ({
  currentPage: page,
  totalPages: Math.max(1, Math.ceil(total / limit)),
  total,
  limit,
});
