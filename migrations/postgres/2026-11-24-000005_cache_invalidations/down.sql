drop table cache_invalidations;
