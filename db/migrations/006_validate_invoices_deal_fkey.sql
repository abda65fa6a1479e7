-- Reads every invoice once but lets reads and writes go on. It fails if an old row points to a deal
-- that does not exist: clear those rows first, by hand and with the finance team.

-- migrate:up
ALTER TABLE billing.invoices
    VALIDATE CONSTRAINT invoices_deal_id_fkey;

-- migrate:down
-- A constraint cannot be made "not valid" again; it is replaced, in one statement and thus without a gap.
ALTER TABLE billing.invoices
    DROP CONSTRAINT invoices_deal_id_fkey,
    ADD CONSTRAINT invoices_deal_id_fkey
        FOREIGN KEY (deal_id) REFERENCES crm.deals (id) ON DELETE SET NULL NOT VALID;
