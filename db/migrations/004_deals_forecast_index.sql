-- The forecast screen reads one owner's open deals by expected closing date.
-- Built concurrently, so that deals can be written meanwhile. No IF NOT EXISTS on purpose: it would accept
-- the invalid index that a failed build leaves behind. Drop that one first, then run this again:
-- DROP INDEX CONCURRENTLY crm.deals_forecast_idx;

-- migrate:up transaction:false
CREATE INDEX CONCURRENTLY deals_forecast_idx ON crm.deals (owner_id, expected_close_on) WHERE status = 'open';

-- migrate:down transaction:false
DROP INDEX CONCURRENTLY crm.deals_forecast_idx;
