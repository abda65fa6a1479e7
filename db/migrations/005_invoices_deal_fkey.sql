-- invoices.deal_id came from the old billing system without a foreign key.
-- NOT VALID checks new rows from now on and reads no old ones, so the lock is short; 006 checks the old ones.
-- An invoice outlives its deal, so deleting the deal only clears the reference.

-- migrate:up
ALTER TABLE billing.invoices
    ADD CONSTRAINT invoices_deal_id_fkey
        FOREIGN KEY (deal_id) REFERENCES crm.deals (id) ON DELETE SET NULL NOT VALID;

-- migrate:down
ALTER TABLE billing.invoices
    DROP CONSTRAINT invoices_deal_id_fkey;
