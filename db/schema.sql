-- The schema after the migrations listed at the end. Written by `dbmate-wrap dump`: do not edit.

--
-- PostgreSQL database dump
--

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

--
-- Name: billing; Type: SCHEMA; Schema: -; Owner: -
--

CREATE SCHEMA billing;


--
-- Name: SCHEMA billing; Type: COMMENT; Schema: -; Owner: -
--

COMMENT ON SCHEMA billing IS 'Products, prices, subscriptions, invoices and payments';


--
-- Name: crm; Type: SCHEMA; Schema: -; Owner: -
--

CREATE SCHEMA crm;


--
-- Name: SCHEMA crm; Type: COMMENT; Schema: -; Owner: -
--

COMMENT ON SCHEMA crm IS 'Customers, sales pipeline and daily work of the sales and support teams';


--
-- Name: billing_interval; Type: TYPE; Schema: billing; Owner: -
--

CREATE TYPE billing.billing_interval AS ENUM (
    'once',
    'month',
    'quarter',
    'year'
);


--
-- Name: currency_code; Type: DOMAIN; Schema: billing; Owner: -
--

CREATE DOMAIN billing.currency_code AS text
	CONSTRAINT currency_code_iso4217 CHECK ((VALUE ~ '^[A-Z]{3}$'::text));


--
-- Name: DOMAIN currency_code; Type: COMMENT; Schema: billing; Owner: -
--

COMMENT ON DOMAIN billing.currency_code IS 'ISO 4217';


--
-- Name: invoice_status; Type: TYPE; Schema: billing; Owner: -
--

CREATE TYPE billing.invoice_status AS ENUM (
    'draft',
    'issued',
    'paid',
    'void',
    'uncollectible'
);


--
-- Name: TYPE invoice_status; Type: COMMENT; Schema: billing; Owner: -
--

COMMENT ON TYPE billing.invoice_status IS 'draft may still change; from issued on an invoice is a legal document';


--
-- Name: money_amount; Type: DOMAIN; Schema: billing; Owner: -
--

CREATE DOMAIN billing.money_amount AS numeric(14,2);


--
-- Name: DOMAIN money_amount; Type: COMMENT; Schema: billing; Owner: -
--

COMMENT ON DOMAIN billing.money_amount IS 'An amount in the currency of its row; negative for credits';


--
-- Name: payment_method; Type: TYPE; Schema: billing; Owner: -
--

CREATE TYPE billing.payment_method AS ENUM (
    'card',
    'bank_transfer',
    'direct_debit',
    'cheque',
    'other'
);


--
-- Name: subscription_status; Type: TYPE; Schema: billing; Owner: -
--

CREATE TYPE billing.subscription_status AS ENUM (
    'trialing',
    'active',
    'past_due',
    'cancelled',
    'expired'
);


--
-- Name: account_status; Type: TYPE; Schema: crm; Owner: -
--

CREATE TYPE crm.account_status AS ENUM (
    'prospect',
    'active',
    'churned',
    'archived'
);


--
-- Name: activity_kind; Type: TYPE; Schema: crm; Owner: -
--

CREATE TYPE crm.activity_kind AS ENUM (
    'call',
    'email',
    'meeting',
    'demo',
    'other'
);


--
-- Name: address_kind; Type: TYPE; Schema: crm; Owner: -
--

CREATE TYPE crm.address_kind AS ENUM (
    'billing',
    'shipping',
    'office'
);


--
-- Name: change_kind; Type: TYPE; Schema: crm; Owner: -
--

CREATE TYPE crm.change_kind AS ENUM (
    'insert',
    'update',
    'delete'
);


--
-- Name: country_code; Type: DOMAIN; Schema: crm; Owner: -
--

CREATE DOMAIN crm.country_code AS text
	CONSTRAINT country_code_iso3166 CHECK ((VALUE ~ '^[A-Z]{2}$'::text));


--
-- Name: DOMAIN country_code; Type: COMMENT; Schema: crm; Owner: -
--

COMMENT ON DOMAIN crm.country_code IS 'ISO 3166-1 alpha-2';


--
-- Name: deal_role; Type: TYPE; Schema: crm; Owner: -
--

CREATE TYPE crm.deal_role AS ENUM (
    'decision_maker',
    'champion',
    'influencer',
    'user',
    'blocker'
);


--
-- Name: deal_status; Type: TYPE; Schema: crm; Owner: -
--

CREATE TYPE crm.deal_status AS ENUM (
    'open',
    'won',
    'lost'
);


--
-- Name: TYPE deal_status; Type: COMMENT; Schema: crm; Owner: -
--

COMMENT ON TYPE crm.deal_status IS 'Outcome of a deal; where an open deal stands is its pipeline stage';


--
-- Name: email_address; Type: DOMAIN; Schema: crm; Owner: -
--

CREATE DOMAIN crm.email_address AS text
	CONSTRAINT email_address_format CHECK ((VALUE ~ '^[^@\s]+@[^@\s]+\.[^@\s]+$'::text))
	CONSTRAINT email_address_length CHECK ((length(VALUE) <= 254));


--
-- Name: DOMAIN email_address; Type: COMMENT; Schema: crm; Owner: -
--

COMMENT ON DOMAIN crm.email_address IS 'An address as typed; compare with lower()';


--
-- Name: lead_status; Type: TYPE; Schema: crm; Owner: -
--

CREATE TYPE crm.lead_status AS ENUM (
    'new',
    'contacted',
    'qualified',
    'disqualified',
    'converted'
);


--
-- Name: percentage; Type: DOMAIN; Schema: crm; Owner: -
--

CREATE DOMAIN crm.percentage AS smallint
	CONSTRAINT percentage_range CHECK (((VALUE >= 0) AND (VALUE <= 100)));


--
-- Name: phone_number; Type: DOMAIN; Schema: crm; Owner: -
--

CREATE DOMAIN crm.phone_number AS text
	CONSTRAINT phone_number_e164 CHECK ((VALUE ~ '^\+[1-9][0-9]{6,14}$'::text));


--
-- Name: DOMAIN phone_number; Type: COMMENT; Schema: crm; Owner: -
--

COMMENT ON DOMAIN crm.phone_number IS 'E.164, for example +4930123456';


--
-- Name: task_priority; Type: TYPE; Schema: crm; Owner: -
--

CREATE TYPE crm.task_priority AS ENUM (
    'low',
    'normal',
    'high',
    'urgent'
);


--
-- Name: user_role; Type: TYPE; Schema: crm; Owner: -
--

CREATE TYPE crm.user_role AS ENUM (
    'admin',
    'manager',
    'sales',
    'support',
    'read_only'
);


SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: invoices; Type: TABLE; Schema: billing; Owner: -
--

CREATE TABLE billing.invoices (
    id bigint NOT NULL,
    number text,
    account_id bigint NOT NULL,
    subscription_id bigint,
    deal_id bigint,
    status billing.invoice_status DEFAULT 'draft'::billing.invoice_status NOT NULL,
    currency billing.currency_code DEFAULT 'EUR'::text NOT NULL,
    net_amount billing.money_amount DEFAULT 0 NOT NULL,
    tax_amount billing.money_amount DEFAULT 0 NOT NULL,
    total_amount numeric(14,2) GENERATED ALWAYS AS (((net_amount)::numeric + (tax_amount)::numeric)) STORED,
    issued_on date,
    due_on date,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT invoices_due_after_issue CHECK ((due_on >= issued_on)),
    CONSTRAINT invoices_issued_complete CHECK (((status = 'draft'::billing.invoice_status) OR ((number IS NOT NULL) AND (issued_on IS NOT NULL) AND (due_on IS NOT NULL))))
);


--
-- Name: TABLE invoices; Type: COMMENT; Schema: billing; Owner: -
--

COMMENT ON TABLE billing.invoices IS 'Invoices and credit notes (negative amounts)';


--
-- Name: COLUMN invoices.number; Type: COMMENT; Schema: billing; Owner: -
--

COMMENT ON COLUMN billing.invoices.number IS 'Given when the invoice is issued; drafts have none';


--
-- Name: COLUMN invoices.deal_id; Type: COMMENT; Schema: billing; Owner: -
--

COMMENT ON COLUMN billing.invoices.deal_id IS 'The deal that led to the invoice; imported from the old billing system';


--
-- Name: payment_allocations; Type: TABLE; Schema: billing; Owner: -
--

CREATE TABLE billing.payment_allocations (
    payment_id bigint NOT NULL,
    invoice_id bigint NOT NULL,
    amount billing.money_amount NOT NULL,
    CONSTRAINT payment_allocations_amount_not_zero CHECK (((amount)::numeric <> (0)::numeric))
);


--
-- Name: TABLE payment_allocations; Type: COMMENT; Schema: billing; Owner: -
--

COMMENT ON TABLE billing.payment_allocations IS 'Which payment settles which invoice, and how much of it';


--
-- Name: account_balance(bigint, billing.currency_code); Type: FUNCTION; Schema: billing; Owner: -
--

CREATE FUNCTION billing.account_balance(for_account_id bigint, in_currency billing.currency_code) RETURNS numeric
    LANGUAGE sql STABLE
    BEGIN ATOMIC
 SELECT (COALESCE(sum(i.total_amount), (0)::numeric) - COALESCE(sum(a.amount), (0)::numeric))
    FROM (billing.invoices i
      LEFT JOIN ( SELECT pa.invoice_id,
             sum((pa.amount)::numeric) AS amount
            FROM billing.payment_allocations pa
           GROUP BY pa.invoice_id) a ON ((a.invoice_id = i.id)))
   WHERE ((i.account_id = account_balance.for_account_id) AND ((i.currency)::text = (account_balance.in_currency)::text) AND (i.status = ANY (ARRAY['issued'::billing.invoice_status, 'paid'::billing.invoice_status])));
END;


--
-- Name: FUNCTION account_balance(for_account_id bigint, in_currency billing.currency_code); Type: COMMENT; Schema: billing; Owner: -
--

COMMENT ON FUNCTION billing.account_balance(for_account_id bigint, in_currency billing.currency_code) IS 'What the account owes us';


--
-- Name: check_payment_allocations(); Type: FUNCTION; Schema: billing; Owner: -
--

CREATE FUNCTION billing.check_payment_allocations() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
DECLARE
    allocated numeric;
    received numeric;
BEGIN
    SELECT p.amount INTO received FROM billing.payments p WHERE p.id = NEW.payment_id FOR UPDATE;
    SELECT sum(a.amount) INTO allocated FROM billing.payment_allocations a WHERE a.payment_id = NEW.payment_id;
    IF abs(allocated) > abs(received) THEN
        RAISE EXCEPTION 'payment % is over-allocated: % of %', NEW.payment_id, allocated, received
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END;
$$;


--
-- Name: FUNCTION check_payment_allocations(); Type: COMMENT; Schema: billing; Owner: -
--

COMMENT ON FUNCTION billing.check_payment_allocations() IS 'Trigger: a payment cannot settle more than was paid';


--
-- Name: issue_invoice(bigint, integer); Type: FUNCTION; Schema: billing; Owner: -
--

CREATE FUNCTION billing.issue_invoice(draft_id bigint, payment_days integer DEFAULT 14) RETURNS text
    LANGUAGE plpgsql
    AS $$
DECLARE
    new_number text;
BEGIN
    UPDATE billing.invoices
    SET status = 'issued',
        number = billing.next_invoice_number(CURRENT_DATE),
        issued_on = CURRENT_DATE,
        due_on = CURRENT_DATE + payment_days
    WHERE id = draft_id AND status = 'draft'
    RETURNING number INTO new_number;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'invoice % is not a draft', draft_id
            USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    RETURN new_number;
END;
$$;


--
-- Name: FUNCTION issue_invoice(draft_id bigint, payment_days integer); Type: COMMENT; Schema: billing; Owner: -
--

COMMENT ON FUNCTION billing.issue_invoice(draft_id bigint, payment_days integer) IS 'Numbers and dates a draft; returns the number';


--
-- Name: next_invoice_number(date); Type: FUNCTION; Schema: billing; Owner: -
--

CREATE FUNCTION billing.next_invoice_number(issued_on date) RETURNS text
    LANGUAGE sql
    AS $$
    SELECT 'INV-' || to_char(issued_on, 'YYYY') || '-' || lpad(nextval('billing.invoice_number_seq')::text, 6, '0')
$$;


--
-- Name: protect_issued_invoice(); Type: FUNCTION; Schema: billing; Owner: -
--

CREATE FUNCTION billing.protect_issued_invoice() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'invoice % was issued and cannot be deleted; void it', OLD.number
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF (NEW.number, NEW.account_id, NEW.currency, NEW.net_amount, NEW.tax_amount, NEW.issued_on)
        IS DISTINCT FROM (OLD.number, OLD.account_id, OLD.currency, OLD.net_amount, OLD.tax_amount, OLD.issued_on)
        OR NEW.status = 'draft'
    THEN
        RAISE EXCEPTION 'invoice % was issued and cannot be changed; write a credit note', OLD.number
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END;
$$;


--
-- Name: FUNCTION protect_issued_invoice(); Type: COMMENT; Schema: billing; Owner: -
--

COMMENT ON FUNCTION billing.protect_issued_invoice() IS 'Trigger: an issued invoice keeps its number, customer, amounts and date';


--
-- Name: refresh_invoice_amounts(); Type: FUNCTION; Schema: billing; Owner: -
--

CREATE FUNCTION billing.refresh_invoice_amounts() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    UPDATE billing.invoices i
    SET net_amount = totals.net_amount,
        tax_amount = totals.tax_amount
    FROM (
        SELECT coalesce(sum(l.net_amount), 0) AS net_amount,
               coalesce(sum(round(l.net_amount * coalesce(r.rate, 0), 2)), 0) AS tax_amount
        FROM billing.invoice_lines l
        LEFT JOIN billing.tax_rates r ON r.id = l.tax_rate_id
        WHERE l.invoice_id = coalesce(NEW.invoice_id, OLD.invoice_id)
    ) totals
    WHERE i.id = coalesce(NEW.invoice_id, OLD.invoice_id);
    RETURN NULL;
END;
$$;


--
-- Name: FUNCTION refresh_invoice_amounts(); Type: COMMENT; Schema: billing; Owner: -
--

COMMENT ON FUNCTION billing.refresh_invoice_amounts() IS 'Trigger: sums the lines into the invoice';


--
-- Name: current_user_id(); Type: FUNCTION; Schema: crm; Owner: -
--

CREATE FUNCTION crm.current_user_id() RETURNS bigint
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
    SELECT nullif(current_setting('crm.user_id', true), '')::bigint
$$;


--
-- Name: FUNCTION current_user_id(); Type: COMMENT; Schema: crm; Owner: -
--

COMMENT ON FUNCTION crm.current_user_id() IS 'Who acts: the backend sets crm.user_id for each transaction; NULL for batch jobs';


--
-- Name: ensure_activity_partition(integer); Type: FUNCTION; Schema: crm; Owner: -
--

CREATE FUNCTION crm.ensure_activity_partition(year integer) RETURNS boolean
    LANGUAGE plpgsql
    AS $_$
DECLARE
    partition_name text := format('activities_%s', year);
BEGIN
    IF to_regclass(format('crm.%I', partition_name)) IS NOT NULL THEN
        RETURN false;
    END IF;
    EXECUTE format(
        $ddl$CREATE TABLE crm.%I PARTITION OF crm.activities FOR VALUES FROM (%L) TO (%L)$ddl$,
        partition_name,
        make_timestamptz(year, 1, 1, 0, 0, 0, 'UTC'),
        make_timestamptz(year + 1, 1, 1, 0, 0, 0, 'UTC')
    );
    RETURN true;
END;
$_$;


--
-- Name: FUNCTION ensure_activity_partition(year integer); Type: COMMENT; Schema: crm; Owner: -
--

COMMENT ON FUNCTION crm.ensure_activity_partition(year integer) IS 'Creates the partition of a year; true when it was missing';


--
-- Name: full_name(text, text); Type: FUNCTION; Schema: crm; Owner: -
--

CREATE FUNCTION crm.full_name(given_name text, family_name text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
    SELECT nullif(btrim(coalesce(given_name, '') || ' ' || coalesce(family_name, '')), '')
$$;


--
-- Name: merge_accounts(bigint, bigint); Type: PROCEDURE; Schema: crm; Owner: -
--

CREATE PROCEDURE crm.merge_accounts(IN keep_id bigint, IN discard_id bigint)
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF keep_id = discard_id THEN
        RAISE EXCEPTION 'cannot merge account % into itself', keep_id
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    -- Both rows, in one order for every caller: two merges at once must not deadlock.
    PERFORM 1 FROM crm.accounts WHERE id IN (keep_id, discard_id) ORDER BY id FOR UPDATE;
    UPDATE crm.contacts SET account_id = keep_id WHERE account_id = discard_id;
    UPDATE crm.deals SET account_id = keep_id WHERE account_id = discard_id;
    UPDATE crm.tasks SET account_id = keep_id WHERE account_id = discard_id;
    UPDATE crm.notes SET account_id = keep_id WHERE account_id = discard_id;
    UPDATE crm.activities SET account_id = keep_id WHERE account_id = discard_id;
    UPDATE crm.accounts SET parent_account_id = keep_id WHERE parent_account_id = discard_id AND id <> keep_id;
    UPDATE crm.accounts SET parent_account_id = NULL WHERE id = keep_id AND parent_account_id = discard_id;
    INSERT INTO crm.account_tags (account_id, tag_id)
        SELECT keep_id, tag_id FROM crm.account_tags WHERE account_id = discard_id
        ON CONFLICT DO NOTHING;
    UPDATE crm.accounts SET status = 'archived', archived_at = now() WHERE id = discard_id;
END;
$$;


--
-- Name: PROCEDURE merge_accounts(IN keep_id bigint, IN discard_id bigint); Type: COMMENT; Schema: crm; Owner: -
--

COMMENT ON PROCEDURE crm.merge_accounts(IN keep_id bigint, IN discard_id bigint) IS 'Moves everything but invoices and payments to keep_id and archives discard_id';


--
-- Name: normalize_domain(text); Type: FUNCTION; Schema: crm; Owner: -
--

CREATE FUNCTION crm.normalize_domain(website text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $_$
    SELECT regexp_replace(regexp_replace(lower(btrim(website)), '^(https?://)?(www\.)?', ''), '[/?#:].*$', '')
$_$;


--
-- Name: FUNCTION normalize_domain(website text); Type: COMMENT; Schema: crm; Owner: -
--

COMMENT ON FUNCTION crm.normalize_domain(website text) IS 'https://www.Example.com/about becomes example.com; used by a unique index, so never change what it returns';


--
-- Name: record_change(); Type: FUNCTION; Schema: crm; Owner: -
--

CREATE FUNCTION crm.record_change() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
DECLARE
    old_row jsonb;
    new_row jsonb;
BEGIN
    IF TG_OP <> 'INSERT' THEN
        old_row := to_jsonb(OLD) - 'search_vector';
    END IF;
    IF TG_OP <> 'DELETE' THEN
        new_row := to_jsonb(NEW) - 'search_vector';
    END IF;
    IF old_row - 'updated_at' IS NOT DISTINCT FROM new_row - 'updated_at' THEN
        RETURN NULL;
    END IF;
    INSERT INTO crm.audit_log (table_name, row_id, change, user_id, old_row, new_row)
    VALUES (
        TG_TABLE_SCHEMA || '.' || TG_TABLE_NAME,
        (coalesce(new_row, old_row) ->> 'id')::bigint,
        lower(TG_OP)::crm.change_kind,
        crm.current_user_id(),
        old_row,
        new_row
    );
    RETURN NULL;
END;
$$;


--
-- Name: FUNCTION record_change(); Type: COMMENT; Schema: crm; Owner: -
--

COMMENT ON FUNCTION crm.record_change() IS 'Trigger: writes crm.audit_log, also for users who may not';


--
-- Name: refuse_change(); Type: FUNCTION; Schema: crm; Owner: -
--

CREATE FUNCTION crm.refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    RAISE EXCEPTION '%.% is append only', TG_TABLE_SCHEMA, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END;
$$;


--
-- Name: set_updated_at(); Type: FUNCTION; Schema: crm; Owner: -
--

CREATE FUNCTION crm.set_updated_at() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    NEW.updated_at := now();
    RETURN NEW;
END;
$$;


--
-- Name: FUNCTION set_updated_at(); Type: COMMENT; Schema: crm; Owner: -
--

COMMENT ON FUNCTION crm.set_updated_at() IS 'Trigger: stamps updated_at on every UPDATE';


--
-- Name: team_subtree(bigint); Type: FUNCTION; Schema: crm; Owner: -
--

CREATE FUNCTION crm.team_subtree(root_team_id bigint) RETURNS TABLE(team_id bigint, depth integer)
    LANGUAGE sql STABLE ROWS 20
    AS $$
    WITH RECURSIVE subtree AS (
        SELECT t.id, 0 AS depth
        FROM crm.teams t
        WHERE t.id = root_team_id
        UNION ALL
        SELECT t.id, s.depth + 1
        FROM crm.teams t
        JOIN subtree s ON t.parent_team_id = s.id
    )
    SELECT id, depth FROM subtree
$$;


--
-- Name: FUNCTION team_subtree(root_team_id bigint); Type: COMMENT; Schema: crm; Owner: -
--

COMMENT ON FUNCTION crm.team_subtree(root_team_id bigint) IS 'A team and all teams below it';


--
-- Name: track_deal_stage(); Type: FUNCTION; Schema: crm; Owner: -
--

CREATE FUNCTION crm.track_deal_stage() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.stage_id = OLD.stage_id THEN
        RETURN NULL;
    END IF;
    INSERT INTO crm.deal_stage_history (deal_id, from_stage_id, to_stage_id, changed_by)
    VALUES (NEW.id, CASE WHEN TG_OP = 'UPDATE' THEN OLD.stage_id END, NEW.stage_id, crm.current_user_id());
    RETURN NULL;
END;
$$;


--
-- Name: FUNCTION track_deal_stage(); Type: COMMENT; Schema: crm; Owner: -
--

COMMENT ON FUNCTION crm.track_deal_stage() IS 'Trigger: keeps crm.deal_stage_history';


--
-- Name: invoice_lines; Type: TABLE; Schema: billing; Owner: -
--

CREATE TABLE billing.invoice_lines (
    invoice_id bigint NOT NULL,
    line_number smallint NOT NULL,
    product_id bigint,
    tax_rate_id integer,
    description text NOT NULL,
    quantity numeric(12,3) DEFAULT 1 NOT NULL,
    unit_price billing.money_amount NOT NULL,
    discount crm.percentage DEFAULT 0 NOT NULL,
    net_amount numeric(14,2) GENERATED ALWAYS AS (round((((quantity * (unit_price)::numeric) * ((100 - (discount)::smallint))::numeric) / (100)::numeric), 2)) STORED,
    CONSTRAINT invoice_lines_line_number_positive CHECK ((line_number > 0))
);


--
-- Name: TABLE invoice_lines; Type: COMMENT; Schema: billing; Owner: -
--

COMMENT ON TABLE billing.invoice_lines IS 'Lines of an invoice; a trigger keeps the amounts of the invoice in step';


--
-- Name: invoice_number_seq; Type: SEQUENCE; Schema: billing; Owner: -
--

CREATE SEQUENCE billing.invoice_number_seq
    START WITH 1000
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


--
-- Name: SEQUENCE invoice_number_seq; Type: COMMENT; Schema: billing; Owner: -
--

COMMENT ON SEQUENCE billing.invoice_number_seq IS 'Counts issued invoices over all years';


--
-- Name: invoices_id_seq; Type: SEQUENCE; Schema: billing; Owner: -
--

ALTER TABLE billing.invoices ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME billing.invoices_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: monthly_revenue; Type: MATERIALIZED VIEW; Schema: billing; Owner: -
--

CREATE MATERIALIZED VIEW billing.monthly_revenue AS
 SELECT (date_trunc('month'::text, (i.issued_on)::timestamp without time zone))::date AS month,
    i.currency,
    l.product_id,
    sum(l.net_amount) AS net_amount,
    count(DISTINCT i.account_id) AS account_count
   FROM (billing.invoices i
     JOIN billing.invoice_lines l ON ((l.invoice_id = i.id)))
  WHERE (i.status = ANY (ARRAY['issued'::billing.invoice_status, 'paid'::billing.invoice_status]))
  GROUP BY ((date_trunc('month'::text, (i.issued_on)::timestamp without time zone))::date), i.currency, l.product_id
  WITH NO DATA;


--
-- Name: MATERIALIZED VIEW monthly_revenue; Type: COMMENT; Schema: billing; Owner: -
--

COMMENT ON MATERIALIZED VIEW billing.monthly_revenue IS 'Refreshed every night by the backend''s scheduler';


--
-- Name: open_invoices; Type: VIEW; Schema: billing; Owner: -
--

CREATE VIEW billing.open_invoices AS
SELECT
    NULL::bigint AS id,
    NULL::text AS number,
    NULL::bigint AS account_id,
    NULL::billing.currency_code AS currency,
    NULL::numeric(14,2) AS total_amount,
    NULL::numeric AS open_amount,
    NULL::date AS issued_on,
    NULL::date AS due_on;


--
-- Name: VIEW open_invoices; Type: COMMENT; Schema: billing; Owner: -
--

COMMENT ON VIEW billing.open_invoices IS 'Issued and not fully paid';


--
-- Name: COLUMN open_invoices.open_amount; Type: COMMENT; Schema: billing; Owner: -
--

COMMENT ON COLUMN billing.open_invoices.open_amount IS 'Still to be paid, in the currency of the invoice';


--
-- Name: accounts; Type: TABLE; Schema: crm; Owner: -
--

CREATE TABLE crm.accounts (
    id bigint NOT NULL,
    public_id uuid DEFAULT gen_random_uuid() NOT NULL,
    parent_account_id bigint,
    name text NOT NULL,
    legal_name text,
    website text,
    industry_id smallint,
    owner_id bigint,
    status crm.account_status DEFAULT 'prospect'::crm.account_status NOT NULL,
    country_code crm.country_code,
    vat_number text,
    employee_count integer,
    custom_fields jsonb DEFAULT '{}'::jsonb NOT NULL,
    search_vector tsvector GENERATED ALWAYS AS ((setweight(to_tsvector('simple'::regconfig, name), 'A'::"char") || setweight(to_tsvector('simple'::regconfig, ((COALESCE(legal_name, ''::text) || ' '::text) || COALESCE(website, ''::text))), 'B'::"char"))) STORED,
    archived_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT accounts_archived_consistent CHECK (((status = 'archived'::crm.account_status) = (archived_at IS NOT NULL))),
    CONSTRAINT accounts_custom_fields_is_object CHECK ((jsonb_typeof(custom_fields) = 'object'::text)),
    CONSTRAINT accounts_employee_count_positive CHECK ((employee_count > 0)),
    CONSTRAINT accounts_name_not_blank CHECK ((btrim(name) <> ''::text)),
    CONSTRAINT accounts_not_own_parent CHECK ((parent_account_id <> id))
);


--
-- Name: TABLE accounts; Type: COMMENT; Schema: crm; Owner: -
--

COMMENT ON TABLE crm.accounts IS 'Companies that buy from us or may do so';


--
-- Name: COLUMN accounts.parent_account_id; Type: COMMENT; Schema: crm; Owner: -
--

COMMENT ON COLUMN crm.accounts.parent_account_id IS 'The group that the company belongs to';


--
-- Name: COLUMN accounts.custom_fields; Type: COMMENT; Schema: crm; Owner: -
--

COMMENT ON COLUMN crm.accounts.custom_fields IS 'Fields that a customer of ours defined; one JSON object, keys are the field codes';


--
-- Name: COLUMN accounts.search_vector; Type: COMMENT; Schema: crm; Owner: -
--

COMMENT ON COLUMN crm.accounts.search_vector IS 'For the search box; kept by PostgreSQL';


--
-- Name: overdue_invoices; Type: VIEW; Schema: billing; Owner: -
--

CREATE VIEW billing.overdue_invoices WITH (security_invoker='true') AS
 SELECT i.id,
    i.number,
    i.account_id,
    a.name AS account_name,
    i.currency,
    i.open_amount,
    i.due_on,
    (CURRENT_DATE - i.due_on) AS days_overdue
   FROM (billing.open_invoices i
     JOIN crm.accounts a ON ((a.id = i.account_id)))
  WHERE ((i.due_on < CURRENT_DATE) AND (i.open_amount > (0)::numeric));


--
-- Name: VIEW overdue_invoices; Type: COMMENT; Schema: billing; Owner: -
--

COMMENT ON VIEW billing.overdue_invoices IS 'Invoices to remind of; credit notes are left out';


--
-- Name: payments; Type: TABLE; Schema: billing; Owner: -
--

CREATE TABLE billing.payments (
    id bigint NOT NULL,
    account_id bigint NOT NULL,
    method billing.payment_method NOT NULL,
    amount billing.money_amount NOT NULL,
    currency billing.currency_code DEFAULT 'EUR'::text NOT NULL,
    received_on date NOT NULL,
    provider text,
    provider_reference text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT payments_amount_not_zero CHECK (((amount)::numeric <> (0)::numeric))
);


--
-- Name: TABLE payments; Type: COMMENT; Schema: billing; Owner: -
--

COMMENT ON TABLE billing.payments IS 'Money received; refunds are negative';


--
-- Name: COLUMN payments.provider_reference; Type: COMMENT; Schema: billing; Owner: -
--

COMMENT ON COLUMN billing.payments.provider_reference IS 'The payment provider''s id; unique, so that a webhook delivered twice books once';


--
-- Name: payments_id_seq; Type: SEQUENCE; Schema: billing; Owner: -
--

ALTER TABLE billing.payments ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME billing.payments_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: price_promotions; Type: TABLE; Schema: billing; Owner: -
--

CREATE TABLE billing.price_promotions (
    id bigint NOT NULL,
    product_id bigint NOT NULL,
    name text NOT NULL,
    discount crm.percentage NOT NULL,
    valid_during daterange NOT NULL
);


--
-- Name: TABLE price_promotions; Type: COMMENT; Schema: billing; Owner: -
--

COMMENT ON TABLE billing.price_promotions IS 'Temporary discounts, at most one at a time for a product';


--
-- Name: price_promotions_id_seq; Type: SEQUENCE; Schema: billing; Owner: -
--

ALTER TABLE billing.price_promotions ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME billing.price_promotions_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: product_prices; Type: TABLE; Schema: billing; Owner: -
--

CREATE TABLE billing.product_prices (
    id bigint NOT NULL,
    product_id bigint NOT NULL,
    billing_interval billing.billing_interval NOT NULL,
    currency billing.currency_code NOT NULL,
    unit_price billing.money_amount NOT NULL,
    valid_during daterange NOT NULL,
    CONSTRAINT product_prices_unit_price_not_negative CHECK (((unit_price)::numeric >= (0)::numeric))
);


--
-- Name: TABLE product_prices; Type: COMMENT; Schema: billing; Owner: -
--

COMMENT ON TABLE billing.product_prices IS 'List prices; a new price ends the old one, it never overwrites it';


--
-- Name: product_prices_id_seq; Type: SEQUENCE; Schema: billing; Owner: -
--

ALTER TABLE billing.product_prices ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME billing.product_prices_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: products; Type: TABLE; Schema: billing; Owner: -
--

CREATE TABLE billing.products (
    id bigint NOT NULL,
    sku text NOT NULL,
    name text NOT NULL,
    description text,
    is_active boolean DEFAULT true NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT products_sku_format CHECK ((sku ~ '^[A-Z0-9]+(-[A-Z0-9]+)*$'::text))
);


--
-- Name: TABLE products; Type: COMMENT; Schema: billing; Owner: -
--

COMMENT ON TABLE billing.products IS 'What we sell';


--
-- Name: products_id_seq; Type: SEQUENCE; Schema: billing; Owner: -
--

ALTER TABLE billing.products ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME billing.products_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: subscriptions; Type: TABLE; Schema: billing; Owner: -
--

CREATE TABLE billing.subscriptions (
    id bigint NOT NULL,
    public_id uuid DEFAULT gen_random_uuid() NOT NULL,
    account_id bigint NOT NULL,
    product_price_id bigint NOT NULL,
    quantity integer DEFAULT 1 NOT NULL,
    status billing.subscription_status DEFAULT 'trialing'::billing.subscription_status NOT NULL,
    trial_ends_on date,
    current_period daterange NOT NULL,
    cancelled_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT subscriptions_cancelled_consistent CHECK (((status <> 'cancelled'::billing.subscription_status) OR (cancelled_at IS NOT NULL))),
    CONSTRAINT subscriptions_quantity_positive CHECK ((quantity > 0))
);


--
-- Name: TABLE subscriptions; Type: COMMENT; Schema: billing; Owner: -
--

COMMENT ON TABLE billing.subscriptions IS 'Running contracts';


--
-- Name: COLUMN subscriptions.current_period; Type: COMMENT; Schema: billing; Owner: -
--

COMMENT ON COLUMN billing.subscriptions.current_period IS 'The period that the last invoice covers';


--
-- Name: subscriptions_id_seq; Type: SEQUENCE; Schema: billing; Owner: -
--

ALTER TABLE billing.subscriptions ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME billing.subscriptions_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: tax_rates; Type: TABLE; Schema: billing; Owner: -
--

CREATE TABLE billing.tax_rates (
    id integer NOT NULL,
    country_code crm.country_code NOT NULL,
    name text NOT NULL,
    rate numeric(6,4) NOT NULL,
    valid_during daterange NOT NULL,
    CONSTRAINT tax_rates_rate_range CHECK (((rate >= (0)::numeric) AND (rate < (1)::numeric))),
    CONSTRAINT tax_rates_valid_during_not_empty CHECK ((NOT isempty(valid_during)))
);


--
-- Name: TABLE tax_rates; Type: COMMENT; Schema: billing; Owner: -
--

COMMENT ON TABLE billing.tax_rates IS 'Tax rates by country and period';


--
-- Name: COLUMN tax_rates.rate; Type: COMMENT; Schema: billing; Owner: -
--

COMMENT ON COLUMN billing.tax_rates.rate IS 'A fraction: 0.1900 is 19 percent';


--
-- Name: tax_rates_id_seq; Type: SEQUENCE; Schema: billing; Owner: -
--

ALTER TABLE billing.tax_rates ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME billing.tax_rates_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: activities; Type: TABLE; Schema: crm; Owner: -
--

CREATE TABLE crm.activities (
    id bigint NOT NULL,
    occurred_at timestamp with time zone NOT NULL,
    kind crm.activity_kind NOT NULL,
    account_id bigint,
    contact_id bigint,
    deal_id bigint,
    user_id bigint,
    subject text NOT NULL,
    body text,
    duration interval,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT activities_duration_not_negative CHECK ((duration >= '00:00:00'::interval))
)
PARTITION BY RANGE (occurred_at);


--
-- Name: TABLE activities; Type: COMMENT; Schema: crm; Owner: -
--

COMMENT ON TABLE crm.activities IS 'Calls, mails and meetings that happened; by far the largest table, one partition a year';


--
-- Name: COLUMN activities.occurred_at; Type: COMMENT; Schema: crm; Owner: -
--

COMMENT ON COLUMN crm.activities.occurred_at IS 'When it happened, not when it was entered; the partition key';


--
-- Name: contacts; Type: TABLE; Schema: crm; Owner: -
--

CREATE TABLE crm.contacts (
    id bigint NOT NULL,
    public_id uuid DEFAULT gen_random_uuid() NOT NULL,
    account_id bigint,
    given_name text,
    family_name text,
    display_name text GENERATED ALWAYS AS (crm.full_name(given_name, family_name)) STORED,
    job_title text,
    email crm.email_address,
    phone crm.phone_number,
    owner_id bigint,
    do_not_contact boolean DEFAULT false NOT NULL,
    custom_fields jsonb DEFAULT '{}'::jsonb NOT NULL,
    deleted_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    email_bounced_at timestamp with time zone,
    CONSTRAINT contacts_custom_fields_is_object CHECK ((jsonb_typeof(custom_fields) = 'object'::text)),
    CONSTRAINT contacts_reachable CHECK ((num_nonnulls(given_name, family_name, email, phone) > 0))
);


--
-- Name: TABLE contacts; Type: COMMENT; Schema: crm; Owner: -
--

COMMENT ON TABLE crm.contacts IS 'People at accounts, or not yet at any';


--
-- Name: COLUMN contacts.do_not_contact; Type: COMMENT; Schema: crm; Owner: -
--

COMMENT ON COLUMN crm.contacts.do_not_contact IS 'Set on request of the person; no mail, no call, whatever the campaign';


--
-- Name: COLUMN contacts.deleted_at; Type: COMMENT; Schema: crm; Owner: -
--

COMMENT ON COLUMN crm.contacts.deleted_at IS 'Soft deletion; rows are erased for good 30 days later';


--
-- Name: COLUMN contacts.email_bounced_at; Type: COMMENT; Schema: crm; Owner: -
--

COMMENT ON COLUMN crm.contacts.email_bounced_at IS 'When mail to this address last bounced; NULL while it is good';


--
-- Name: deals; Type: TABLE; Schema: crm; Owner: -
--

CREATE TABLE crm.deals (
    id bigint NOT NULL,
    public_id uuid DEFAULT gen_random_uuid() NOT NULL,
    account_id bigint NOT NULL,
    owner_id bigint NOT NULL,
    pipeline_id smallint NOT NULL,
    stage_id integer NOT NULL,
    title text NOT NULL,
    status crm.deal_status DEFAULT 'open'::crm.deal_status NOT NULL,
    amount billing.money_amount DEFAULT 0 NOT NULL,
    currency billing.currency_code DEFAULT 'EUR'::text NOT NULL,
    probability crm.percentage DEFAULT 0 NOT NULL,
    weighted_amount numeric(14,2) GENERATED ALWAYS AS (round((((amount)::numeric * (probability)::numeric) / (100)::numeric), 2)) STORED,
    expected_close_on date,
    closed_at timestamp with time zone,
    lost_reason text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT deals_amount_not_negative CHECK (((amount)::numeric >= (0)::numeric)),
    CONSTRAINT deals_closed_consistent CHECK (((status = 'open'::crm.deal_status) = (closed_at IS NULL))),
    CONSTRAINT deals_lost_reason_only_when_lost CHECK (((lost_reason IS NULL) OR (status = 'lost'::crm.deal_status)))
);


--
-- Name: TABLE deals; Type: COMMENT; Schema: crm; Owner: -
--

COMMENT ON TABLE crm.deals IS 'Sales opportunities';


--
-- Name: COLUMN deals.probability; Type: COMMENT; Schema: crm; Owner: -
--

COMMENT ON COLUMN crm.deals.probability IS 'Taken over from the stage, may be corrected by hand';


--
-- Name: COLUMN deals.weighted_amount; Type: COMMENT; Schema: crm; Owner: -
--

COMMENT ON COLUMN crm.deals.weighted_amount IS 'What the forecast counts';


--
-- Name: users; Type: TABLE; Schema: crm; Owner: -
--

CREATE TABLE crm.users (
    id bigint NOT NULL,
    public_id uuid DEFAULT gen_random_uuid() NOT NULL,
    email crm.email_address NOT NULL,
    given_name text NOT NULL,
    family_name text NOT NULL,
    display_name text GENERATED ALWAYS AS (crm.full_name(given_name, family_name)) STORED,
    role crm.user_role DEFAULT 'sales'::crm.user_role NOT NULL,
    time_zone text DEFAULT 'UTC'::text NOT NULL,
    is_active boolean DEFAULT true NOT NULL,
    last_login_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
);


--
-- Name: TABLE users; Type: COMMENT; Schema: crm; Owner: -
--

COMMENT ON TABLE crm.users IS 'People who work with the CRM, not customers';


--
-- Name: COLUMN users.public_id; Type: COMMENT; Schema: crm; Owner: -
--

COMMENT ON COLUMN crm.users.public_id IS 'The only identifier that leaves the backend';


--
-- Name: COLUMN users.is_active; Type: COMMENT; Schema: crm; Owner: -
--

COMMENT ON COLUMN crm.users.is_active IS 'Users are switched off, never deleted: their work keeps their name';


--
-- Name: account_overview; Type: VIEW; Schema: crm; Owner: -
--

CREATE VIEW crm.account_overview AS
 SELECT a.id,
    a.name,
    a.status,
    u.display_name AS owner_name,
    ( SELECT count(*) AS count
           FROM crm.contacts c
          WHERE ((c.account_id = a.id) AND (c.deleted_at IS NULL))) AS contact_count,
    ( SELECT count(*) AS count
           FROM crm.deals d
          WHERE ((d.account_id = a.id) AND (d.status = 'open'::crm.deal_status))) AS open_deal_count,
    last_activity.occurred_at AS last_activity_at,
    last_activity.kind AS last_activity_kind
   FROM ((crm.accounts a
     LEFT JOIN crm.users u ON ((u.id = a.owner_id)))
     LEFT JOIN LATERAL ( SELECT act.occurred_at,
            act.kind
           FROM crm.activities act
          WHERE (act.account_id = a.id)
          ORDER BY act.occurred_at DESC
         LIMIT 1) last_activity ON (true))
  WHERE (a.archived_at IS NULL);


--
-- Name: VIEW account_overview; Type: COMMENT; Schema: crm; Owner: -
--

COMMENT ON VIEW crm.account_overview IS 'One row a live account, for the list screen';


--
-- Name: account_tags; Type: TABLE; Schema: crm; Owner: -
--

CREATE TABLE crm.account_tags (
    account_id bigint NOT NULL,
    tag_id bigint NOT NULL
);


--
-- Name: TABLE account_tags; Type: COMMENT; Schema: crm; Owner: -
--

COMMENT ON TABLE crm.account_tags IS 'Which account carries which label';


--
-- Name: accounts_id_seq; Type: SEQUENCE; Schema: crm; Owner: -
--

ALTER TABLE crm.accounts ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME crm.accounts_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: active_contacts; Type: VIEW; Schema: crm; Owner: -
--

CREATE VIEW crm.active_contacts WITH (security_invoker='true') AS
 SELECT c.id,
    c.public_id,
    c.account_id,
    a.name AS account_name,
    c.display_name,
    c.job_title,
    c.email,
    c.phone,
    c.owner_id
   FROM (crm.contacts c
     LEFT JOIN crm.accounts a ON ((a.id = c.account_id)))
  WHERE ((c.deleted_at IS NULL) AND (NOT c.do_not_contact));


--
-- Name: VIEW active_contacts; Type: COMMENT; Schema: crm; Owner: -
--

COMMENT ON VIEW crm.active_contacts IS 'People whom we may write to';


--
-- Name: activities_2023; Type: TABLE; Schema: crm; Owner: -
--

CREATE TABLE crm.activities_2023 (
    id bigint NOT NULL,
    occurred_at timestamp with time zone NOT NULL,
    kind crm.activity_kind NOT NULL,
    account_id bigint,
    contact_id bigint,
    deal_id bigint,
    user_id bigint,
    subject text NOT NULL,
    body text,
    duration interval,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT activities_duration_not_negative CHECK ((duration >= '00:00:00'::interval))
);


--
-- Name: activities_2024; Type: TABLE; Schema: crm; Owner: -
--

CREATE TABLE crm.activities_2024 (
    id bigint NOT NULL,
    occurred_at timestamp with time zone NOT NULL,
    kind crm.activity_kind NOT NULL,
    account_id bigint,
    contact_id bigint,
    deal_id bigint,
    user_id bigint,
    subject text NOT NULL,
    body text,
    duration interval,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT activities_duration_not_negative CHECK ((duration >= '00:00:00'::interval))
);


--
-- Name: activities_2025; Type: TABLE; Schema: crm; Owner: -
--

CREATE TABLE crm.activities_2025 (
    id bigint NOT NULL,
    occurred_at timestamp with time zone NOT NULL,
    kind crm.activity_kind NOT NULL,
    account_id bigint,
    contact_id bigint,
    deal_id bigint,
    user_id bigint,
    subject text NOT NULL,
    body text,
    duration interval,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT activities_duration_not_negative CHECK ((duration >= '00:00:00'::interval))
);


--
-- Name: activities_2026; Type: TABLE; Schema: crm; Owner: -
--

CREATE TABLE crm.activities_2026 (
    id bigint NOT NULL,
    occurred_at timestamp with time zone NOT NULL,
    kind crm.activity_kind NOT NULL,
    account_id bigint,
    contact_id bigint,
    deal_id bigint,
    user_id bigint,
    subject text NOT NULL,
    body text,
    duration interval,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT activities_duration_not_negative CHECK ((duration >= '00:00:00'::interval))
);


--
-- Name: activities_default; Type: TABLE; Schema: crm; Owner: -
--

CREATE TABLE crm.activities_default (
    id bigint NOT NULL,
    occurred_at timestamp with time zone NOT NULL,
    kind crm.activity_kind NOT NULL,
    account_id bigint,
    contact_id bigint,
    deal_id bigint,
    user_id bigint,
    subject text NOT NULL,
    body text,
    duration interval,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT activities_duration_not_negative CHECK ((duration >= '00:00:00'::interval))
);


--
-- Name: TABLE activities_default; Type: COMMENT; Schema: crm; Owner: -
--

COMMENT ON TABLE crm.activities_default IS 'Must stay empty: rows here mean that a partition is missing';


--
-- Name: activities_id_seq; Type: SEQUENCE; Schema: crm; Owner: -
--

ALTER TABLE crm.activities ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME crm.activities_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: addresses; Type: TABLE; Schema: crm; Owner: -
--

CREATE TABLE crm.addresses (
    id bigint NOT NULL,
    account_id bigint NOT NULL,
    kind crm.address_kind NOT NULL,
    recipient text,
    street_lines text[] NOT NULL,
    postal_code text,
    city text NOT NULL,
    region text,
    country_code crm.country_code NOT NULL,
    is_default boolean DEFAULT false NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT addresses_street_lines_count CHECK (((cardinality(street_lines) >= 1) AND (cardinality(street_lines) <= 4)))
);


--
-- Name: TABLE addresses; Type: COMMENT; Schema: crm; Owner: -
--

COMMENT ON TABLE crm.addresses IS 'Postal addresses of accounts';


--
-- Name: addresses_id_seq; Type: SEQUENCE; Schema: crm; Owner: -
--

ALTER TABLE crm.addresses ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME crm.addresses_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: audit_log; Type: TABLE; Schema: crm; Owner: -
--

CREATE TABLE crm.audit_log (
    id bigint NOT NULL,
    occurred_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    table_name text NOT NULL,
    row_id bigint NOT NULL,
    change crm.change_kind NOT NULL,
    user_id bigint,
    transaction_id xid8 DEFAULT pg_current_xact_id() NOT NULL,
    old_row jsonb,
    new_row jsonb,
    CONSTRAINT audit_log_has_row CHECK ((num_nonnulls(old_row, new_row) > 0))
);


--
-- Name: TABLE audit_log; Type: COMMENT; Schema: crm; Owner: -
--

COMMENT ON TABLE crm.audit_log IS 'Who changed what; written by triggers only, append only';


--
-- Name: COLUMN audit_log.user_id; Type: COMMENT; Schema: crm; Owner: -
--

COMMENT ON COLUMN crm.audit_log.user_id IS 'No foreign key on purpose: the log outlives its subjects';


--
-- Name: audit_log_id_seq; Type: SEQUENCE; Schema: crm; Owner: -
--

ALTER TABLE crm.audit_log ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME crm.audit_log_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: contact_consents; Type: TABLE; Schema: crm; Owner: -
--

CREATE TABLE crm.contact_consents (
    id bigint NOT NULL,
    contact_id bigint NOT NULL,
    purpose text NOT NULL,
    is_granted boolean NOT NULL,
    source text NOT NULL,
    recorded_by bigint,
    recorded_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT contact_consents_purpose_known CHECK ((purpose = ANY (ARRAY['newsletter'::text, 'product_news'::text, 'phone_call'::text, 'survey'::text])))
);


--
-- Name: TABLE contact_consents; Type: COMMENT; Schema: crm; Owner: -
--

COMMENT ON TABLE crm.contact_consents IS 'What a contact agreed to or withdrew; append only, the latest row for a purpose counts';


--
-- Name: COLUMN contact_consents.source; Type: COMMENT; Schema: crm; Owner: -
--

COMMENT ON COLUMN crm.contact_consents.source IS 'Where it was said: web form, signed paper, phone call';


--
-- Name: COLUMN contact_consents.recorded_by; Type: COMMENT; Schema: crm; Owner: -
--

COMMENT ON COLUMN crm.contact_consents.recorded_by IS 'NULL when the contact did it alone, on a web form';


--
-- Name: contact_consents_id_seq; Type: SEQUENCE; Schema: crm; Owner: -
--

ALTER TABLE crm.contact_consents ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME crm.contact_consents_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: contacts_id_seq; Type: SEQUENCE; Schema: crm; Owner: -
--

ALTER TABLE crm.contacts ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME crm.contacts_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: deal_contacts; Type: TABLE; Schema: crm; Owner: -
--

CREATE TABLE crm.deal_contacts (
    deal_id bigint NOT NULL,
    contact_id bigint NOT NULL,
    role crm.deal_role DEFAULT 'user'::crm.deal_role NOT NULL
);


--
-- Name: TABLE deal_contacts; Type: COMMENT; Schema: crm; Owner: -
--

COMMENT ON TABLE crm.deal_contacts IS 'Who on the other side has a say in a deal';


--
-- Name: deal_stage_history; Type: TABLE; Schema: crm; Owner: -
--

CREATE TABLE crm.deal_stage_history (
    id bigint NOT NULL,
    deal_id bigint NOT NULL,
    from_stage_id integer,
    to_stage_id integer,
    changed_by bigint,
    changed_at timestamp with time zone DEFAULT now() NOT NULL
);


--
-- Name: TABLE deal_stage_history; Type: COMMENT; Schema: crm; Owner: -
--

COMMENT ON TABLE crm.deal_stage_history IS 'Written by a trigger on crm.deals; source of the sales cycle report';


--
-- Name: deal_stage_history_id_seq; Type: SEQUENCE; Schema: crm; Owner: -
--

ALTER TABLE crm.deal_stage_history ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME crm.deal_stage_history_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: deals_id_seq; Type: SEQUENCE; Schema: crm; Owner: -
--

ALTER TABLE crm.deals ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME crm.deals_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: industries; Type: TABLE; Schema: crm; Owner: -
--

CREATE TABLE crm.industries (
    id smallint NOT NULL,
    code text NOT NULL,
    name text NOT NULL
);


--
-- Name: TABLE industries; Type: COMMENT; Schema: crm; Owner: -
--

COMMENT ON TABLE crm.industries IS 'Lookup list, maintained by the operations team';


--
-- Name: industries_id_seq; Type: SEQUENCE; Schema: crm; Owner: -
--

ALTER TABLE crm.industries ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME crm.industries_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: leads; Type: TABLE; Schema: crm; Owner: -
--

CREATE TABLE crm.leads (
    id bigint NOT NULL,
    source text NOT NULL,
    company_name text,
    contact_name text,
    email crm.email_address,
    phone crm.phone_number,
    status crm.lead_status DEFAULT 'new'::crm.lead_status NOT NULL,
    score smallint DEFAULT 0 NOT NULL,
    owner_id bigint,
    converted_contact_id bigint,
    converted_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT leads_converted_consistent CHECK (((status = 'converted'::crm.lead_status) = (converted_at IS NOT NULL))),
    CONSTRAINT leads_score_range CHECK (((score >= 0) AND (score <= 1000)))
);


--
-- Name: TABLE leads; Type: COMMENT; Schema: crm; Owner: -
--

COMMENT ON TABLE crm.leads IS 'Enquiries that nobody has qualified yet';


--
-- Name: COLUMN leads.source; Type: COMMENT; Schema: crm; Owner: -
--

COMMENT ON COLUMN crm.leads.source IS 'Where it came from, as the campaign names it: web-form, fair-2024, partner:acme';


--
-- Name: leads_id_seq; Type: SEQUENCE; Schema: crm; Owner: -
--

ALTER TABLE crm.leads ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME crm.leads_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: notes; Type: TABLE; Schema: crm; Owner: -
--

CREATE TABLE crm.notes (
    id bigint NOT NULL,
    account_id bigint,
    contact_id bigint,
    deal_id bigint,
    author_id bigint NOT NULL,
    body text NOT NULL,
    is_private boolean DEFAULT false NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT notes_one_subject CHECK ((num_nonnulls(account_id, contact_id, deal_id) = 1))
);


--
-- Name: TABLE notes; Type: COMMENT; Schema: crm; Owner: -
--

COMMENT ON TABLE crm.notes IS 'Free text on exactly one account, contact or deal';


--
-- Name: notes_id_seq; Type: SEQUENCE; Schema: crm; Owner: -
--

ALTER TABLE crm.notes ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME crm.notes_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: pipeline_stages; Type: TABLE; Schema: crm; Owner: -
--

CREATE TABLE crm.pipeline_stages (
    id integer NOT NULL,
    pipeline_id smallint NOT NULL,
    name text NOT NULL,
    "position" smallint NOT NULL,
    win_probability crm.percentage NOT NULL
);


--
-- Name: TABLE pipeline_stages; Type: COMMENT; Schema: crm; Owner: -
--

COMMENT ON TABLE crm.pipeline_stages IS 'Steps of a pipeline, from left to right';


--
-- Name: pipelines; Type: TABLE; Schema: crm; Owner: -
--

CREATE TABLE crm.pipelines (
    id smallint NOT NULL,
    name text NOT NULL,
    currency billing.currency_code DEFAULT 'EUR'::text NOT NULL,
    is_archived boolean DEFAULT false NOT NULL
);


--
-- Name: TABLE pipelines; Type: COMMENT; Schema: crm; Owner: -
--

COMMENT ON TABLE crm.pipelines IS 'One a market or product line';


--
-- Name: pipeline_forecast; Type: VIEW; Schema: crm; Owner: -
--

CREATE VIEW crm.pipeline_forecast AS
 SELECT d.pipeline_id,
    p.name AS pipeline_name,
    s."position" AS stage_position,
    s.name AS stage_name,
    d.currency,
    (date_trunc('month'::text, (d.expected_close_on)::timestamp without time zone))::date AS close_month,
    count(*) AS deal_count,
    sum((d.amount)::numeric) AS amount,
    sum(d.weighted_amount) AS weighted_amount
   FROM ((crm.deals d
     JOIN crm.pipelines p ON ((p.id = d.pipeline_id)))
     JOIN crm.pipeline_stages s ON ((s.id = d.stage_id)))
  WHERE (d.status = 'open'::crm.deal_status)
  GROUP BY d.pipeline_id, p.name, s."position", s.name, d.currency, ((date_trunc('month'::text, (d.expected_close_on)::timestamp without time zone))::date);


--
-- Name: VIEW pipeline_forecast; Type: COMMENT; Schema: crm; Owner: -
--

COMMENT ON VIEW crm.pipeline_forecast IS 'Open deals by pipeline, stage, currency and expected month';


--
-- Name: pipeline_stages_id_seq; Type: SEQUENCE; Schema: crm; Owner: -
--

ALTER TABLE crm.pipeline_stages ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME crm.pipeline_stages_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: pipelines_id_seq; Type: SEQUENCE; Schema: crm; Owner: -
--

ALTER TABLE crm.pipelines ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME crm.pipelines_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: tags; Type: TABLE; Schema: crm; Owner: -
--

CREATE TABLE crm.tags (
    id bigint NOT NULL,
    name text NOT NULL,
    color text DEFAULT '#888888'::text NOT NULL,
    CONSTRAINT tags_color_format CHECK ((color ~ '^#[0-9a-f]{6}$'::text))
);


--
-- Name: TABLE tags; Type: COMMENT; Schema: crm; Owner: -
--

COMMENT ON TABLE crm.tags IS 'Free labels for accounts';


--
-- Name: tags_id_seq; Type: SEQUENCE; Schema: crm; Owner: -
--

ALTER TABLE crm.tags ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME crm.tags_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: tasks; Type: TABLE; Schema: crm; Owner: -
--

CREATE TABLE crm.tasks (
    id bigint NOT NULL,
    title text NOT NULL,
    description text,
    priority crm.task_priority DEFAULT 'normal'::crm.task_priority NOT NULL,
    assignee_id bigint,
    account_id bigint,
    deal_id bigint,
    due_at timestamp with time zone,
    completed_at timestamp with time zone,
    created_by bigint,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT tasks_title_not_blank CHECK ((btrim(title) <> ''::text))
);


--
-- Name: TABLE tasks; Type: COMMENT; Schema: crm; Owner: -
--

COMMENT ON TABLE crm.tasks IS 'Things to do; what was done is an activity';


--
-- Name: tasks_id_seq; Type: SEQUENCE; Schema: crm; Owner: -
--

ALTER TABLE crm.tasks ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME crm.tasks_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: team_members; Type: TABLE; Schema: crm; Owner: -
--

CREATE TABLE crm.team_members (
    team_id bigint NOT NULL,
    user_id bigint NOT NULL,
    joined_on date DEFAULT CURRENT_DATE NOT NULL,
    left_on date,
    CONSTRAINT team_members_left_after_joined CHECK ((left_on >= joined_on))
);


--
-- Name: TABLE team_members; Type: COMMENT; Schema: crm; Owner: -
--

COMMENT ON TABLE crm.team_members IS 'Who was in which team, and when';


--
-- Name: teams; Type: TABLE; Schema: crm; Owner: -
--

CREATE TABLE crm.teams (
    id bigint NOT NULL,
    parent_team_id bigint,
    name text NOT NULL,
    lead_user_id bigint,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT teams_name_not_blank CHECK ((btrim(name) <> ''::text)),
    CONSTRAINT teams_not_own_parent CHECK ((parent_team_id <> id))
);


--
-- Name: TABLE teams; Type: COMMENT; Schema: crm; Owner: -
--

COMMENT ON TABLE crm.teams IS 'Sales and support teams; a tree';


--
-- Name: teams_id_seq; Type: SEQUENCE; Schema: crm; Owner: -
--

ALTER TABLE crm.teams ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME crm.teams_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: users_id_seq; Type: SEQUENCE; Schema: crm; Owner: -
--

ALTER TABLE crm.users ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME crm.users_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: schema_migrations; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.schema_migrations (
    version character varying NOT NULL
);


--
-- Name: activities_2023; Type: TABLE ATTACH; Schema: crm; Owner: -
--

ALTER TABLE ONLY crm.activities ATTACH PARTITION crm.activities_2023 FOR VALUES FROM ('2023-01-01 00:00:00+00') TO ('2024-01-01 00:00:00+00');


--
-- Name: activities_2024; Type: TABLE ATTACH; Schema: crm; Owner: -
--

ALTER TABLE ONLY crm.activities ATTACH PARTITION crm.activities_2024 FOR VALUES FROM ('2024-01-01 00:00:00+00') TO ('2025-01-01 00:00:00+00');


--
-- Name: activities_2025; Type: TABLE ATTACH; Schema: crm; Owner: -
--

ALTER TABLE ONLY crm.activities ATTACH PARTITION crm.activities_2025 FOR VALUES FROM ('2025-01-01 00:00:00+00') TO ('2026-01-01 00:00:00+00');


--
-- Name: activities_2026; Type: TABLE ATTACH; Schema: crm; Owner: -
--

ALTER TABLE ONLY crm.activities ATTACH PARTITION crm.activities_2026 FOR VALUES FROM ('2026-01-01 00:00:00+00') TO ('2027-01-01 00:00:00+00');


--
-- Name: activities_default; Type: TABLE ATTACH; Schema: crm; Owner: -
--

ALTER TABLE ONLY crm.activities ATTACH PARTITION crm.activities_default DEFAULT;


--
-- Name: invoice_lines invoice_lines_pkey; Type: CONSTRAINT; Schema: billing; Owner: -
--

ALTER TABLE ONLY billing.invoice_lines
    ADD CONSTRAINT invoice_lines_pkey PRIMARY KEY (invoice_id, line_number);


--
-- Name: invoices invoices_number_key; Type: CONSTRAINT; Schema: billing; Owner: -
--

ALTER TABLE ONLY billing.invoices
    ADD CONSTRAINT invoices_number_key UNIQUE (number);


--
-- Name: invoices invoices_pkey; Type: CONSTRAINT; Schema: billing; Owner: -
--

ALTER TABLE ONLY billing.invoices
    ADD CONSTRAINT invoices_pkey PRIMARY KEY (id);


--
-- Name: payment_allocations payment_allocations_pkey; Type: CONSTRAINT; Schema: billing; Owner: -
--

ALTER TABLE ONLY billing.payment_allocations
    ADD CONSTRAINT payment_allocations_pkey PRIMARY KEY (payment_id, invoice_id);


--
-- Name: payments payments_pkey; Type: CONSTRAINT; Schema: billing; Owner: -
--

ALTER TABLE ONLY billing.payments
    ADD CONSTRAINT payments_pkey PRIMARY KEY (id);


--
-- Name: payments payments_provider_reference_key; Type: CONSTRAINT; Schema: billing; Owner: -
--

ALTER TABLE ONLY billing.payments
    ADD CONSTRAINT payments_provider_reference_key UNIQUE (provider, provider_reference);


--
-- Name: price_promotions price_promotions_no_overlap; Type: CONSTRAINT; Schema: billing; Owner: -
--

ALTER TABLE ONLY billing.price_promotions
    ADD CONSTRAINT price_promotions_no_overlap EXCLUDE USING gist (int8range(product_id, product_id, '[]'::text) WITH =, valid_during WITH &&);


--
-- Name: CONSTRAINT price_promotions_no_overlap ON price_promotions; Type: COMMENT; Schema: billing; Owner: -
--

COMMENT ON CONSTRAINT price_promotions_no_overlap ON billing.price_promotions IS 'The id is a range of one so that plain GiST can compare it: no btree_gist needed';


--
-- Name: price_promotions price_promotions_pkey; Type: CONSTRAINT; Schema: billing; Owner: -
--

ALTER TABLE ONLY billing.price_promotions
    ADD CONSTRAINT price_promotions_pkey PRIMARY KEY (id);


--
-- Name: product_prices product_prices_pkey; Type: CONSTRAINT; Schema: billing; Owner: -
--

ALTER TABLE ONLY billing.product_prices
    ADD CONSTRAINT product_prices_pkey PRIMARY KEY (id);


--
-- Name: products products_pkey; Type: CONSTRAINT; Schema: billing; Owner: -
--

ALTER TABLE ONLY billing.products
    ADD CONSTRAINT products_pkey PRIMARY KEY (id);


--
-- Name: products products_sku_key; Type: CONSTRAINT; Schema: billing; Owner: -
--

ALTER TABLE ONLY billing.products
    ADD CONSTRAINT products_sku_key UNIQUE (sku);


--
-- Name: subscriptions subscriptions_pkey; Type: CONSTRAINT; Schema: billing; Owner: -
--

ALTER TABLE ONLY billing.subscriptions
    ADD CONSTRAINT subscriptions_pkey PRIMARY KEY (id);


--
-- Name: subscriptions subscriptions_public_id_key; Type: CONSTRAINT; Schema: billing; Owner: -
--

ALTER TABLE ONLY billing.subscriptions
    ADD CONSTRAINT subscriptions_public_id_key UNIQUE (public_id);


--
-- Name: tax_rates tax_rates_country_name_period_key; Type: CONSTRAINT; Schema: billing; Owner: -
--

ALTER TABLE ONLY billing.tax_rates
    ADD CONSTRAINT tax_rates_country_name_period_key UNIQUE (country_code, name, valid_during);


--
-- Name: tax_rates tax_rates_pkey; Type: CONSTRAINT; Schema: billing; Owner: -
--

ALTER TABLE ONLY billing.tax_rates
    ADD CONSTRAINT tax_rates_pkey PRIMARY KEY (id);


--
-- Name: account_tags account_tags_pkey; Type: CONSTRAINT; Schema: crm; Owner: -
--

ALTER TABLE ONLY crm.account_tags
    ADD CONSTRAINT account_tags_pkey PRIMARY KEY (account_id, tag_id);


--
-- Name: accounts accounts_pkey; Type: CONSTRAINT; Schema: crm; Owner: -
--

ALTER TABLE ONLY crm.accounts
    ADD CONSTRAINT accounts_pkey PRIMARY KEY (id);


--
-- Name: accounts accounts_public_id_key; Type: CONSTRAINT; Schema: crm; Owner: -
--

ALTER TABLE ONLY crm.accounts
    ADD CONSTRAINT accounts_public_id_key UNIQUE (public_id);


--
-- Name: activities activities_pkey; Type: CONSTRAINT; Schema: crm; Owner: -
--

ALTER TABLE ONLY crm.activities
    ADD CONSTRAINT activities_pkey PRIMARY KEY (id, occurred_at);


--
-- Name: activities_2023 activities_2023_pkey; Type: CONSTRAINT; Schema: crm; Owner: -
--

ALTER TABLE ONLY crm.activities_2023
    ADD CONSTRAINT activities_2023_pkey PRIMARY KEY (id, occurred_at);


--
-- Name: activities_2024 activities_2024_pkey; Type: CONSTRAINT; Schema: crm; Owner: -
--

ALTER TABLE ONLY crm.activities_2024
    ADD CONSTRAINT activities_2024_pkey PRIMARY KEY (id, occurred_at);


--
-- Name: activities_2025 activities_2025_pkey; Type: CONSTRAINT; Schema: crm; Owner: -
--

ALTER TABLE ONLY crm.activities_2025
    ADD CONSTRAINT activities_2025_pkey PRIMARY KEY (id, occurred_at);


--
-- Name: activities_2026 activities_2026_pkey; Type: CONSTRAINT; Schema: crm; Owner: -
--

ALTER TABLE ONLY crm.activities_2026
    ADD CONSTRAINT activities_2026_pkey PRIMARY KEY (id, occurred_at);


--
-- Name: activities_default activities_default_pkey; Type: CONSTRAINT; Schema: crm; Owner: -
--

ALTER TABLE ONLY crm.activities_default
    ADD CONSTRAINT activities_default_pkey PRIMARY KEY (id, occurred_at);


--
-- Name: addresses addresses_pkey; Type: CONSTRAINT; Schema: crm; Owner: -
--

ALTER TABLE ONLY crm.addresses
    ADD CONSTRAINT addresses_pkey PRIMARY KEY (id);


--
-- Name: audit_log audit_log_pkey; Type: CONSTRAINT; Schema: crm; Owner: -
--

ALTER TABLE ONLY crm.audit_log
    ADD CONSTRAINT audit_log_pkey PRIMARY KEY (id);


--
-- Name: contact_consents contact_consents_pkey; Type: CONSTRAINT; Schema: crm; Owner: -
--

ALTER TABLE ONLY crm.contact_consents
    ADD CONSTRAINT contact_consents_pkey PRIMARY KEY (id);


--
-- Name: contacts contacts_pkey; Type: CONSTRAINT; Schema: crm; Owner: -
--

ALTER TABLE ONLY crm.contacts
    ADD CONSTRAINT contacts_pkey PRIMARY KEY (id);


--
-- Name: contacts contacts_public_id_key; Type: CONSTRAINT; Schema: crm; Owner: -
--

ALTER TABLE ONLY crm.contacts
    ADD CONSTRAINT contacts_public_id_key UNIQUE (public_id);


--
-- Name: deal_contacts deal_contacts_pkey; Type: CONSTRAINT; Schema: crm; Owner: -
--

ALTER TABLE ONLY crm.deal_contacts
    ADD CONSTRAINT deal_contacts_pkey PRIMARY KEY (deal_id, contact_id);


--
-- Name: deal_stage_history deal_stage_history_pkey; Type: CONSTRAINT; Schema: crm; Owner: -
--

ALTER TABLE ONLY crm.deal_stage_history
    ADD CONSTRAINT deal_stage_history_pkey PRIMARY KEY (id);


--
-- Name: deals deals_pkey; Type: CONSTRAINT; Schema: crm; Owner: -
--

ALTER TABLE ONLY crm.deals
    ADD CONSTRAINT deals_pkey PRIMARY KEY (id);


--
-- Name: deals deals_public_id_key; Type: CONSTRAINT; Schema: crm; Owner: -
--

ALTER TABLE ONLY crm.deals
    ADD CONSTRAINT deals_public_id_key UNIQUE (public_id);


--
-- Name: industries industries_code_key; Type: CONSTRAINT; Schema: crm; Owner: -
--

ALTER TABLE ONLY crm.industries
    ADD CONSTRAINT industries_code_key UNIQUE (code);


--
-- Name: industries industries_pkey; Type: CONSTRAINT; Schema: crm; Owner: -
--

ALTER TABLE ONLY crm.industries
    ADD CONSTRAINT industries_pkey PRIMARY KEY (id);


--
-- Name: leads leads_pkey; Type: CONSTRAINT; Schema: crm; Owner: -
--

ALTER TABLE ONLY crm.leads
    ADD CONSTRAINT leads_pkey PRIMARY KEY (id);


--
-- Name: notes notes_pkey; Type: CONSTRAINT; Schema: crm; Owner: -
--

ALTER TABLE ONLY crm.notes
    ADD CONSTRAINT notes_pkey PRIMARY KEY (id);


--
-- Name: pipeline_stages pipeline_stages_name_key; Type: CONSTRAINT; Schema: crm; Owner: -
--

ALTER TABLE ONLY crm.pipeline_stages
    ADD CONSTRAINT pipeline_stages_name_key UNIQUE (pipeline_id, name);


--
-- Name: pipeline_stages pipeline_stages_pipeline_id_id_key; Type: CONSTRAINT; Schema: crm; Owner: -
--

ALTER TABLE ONLY crm.pipeline_stages
    ADD CONSTRAINT pipeline_stages_pipeline_id_id_key UNIQUE (pipeline_id, id);


--
-- Name: CONSTRAINT pipeline_stages_pipeline_id_id_key ON pipeline_stages; Type: COMMENT; Schema: crm; Owner: -
--

COMMENT ON CONSTRAINT pipeline_stages_pipeline_id_id_key ON crm.pipeline_stages IS 'Target of the foreign key that keeps a deal on a stage of its own pipeline';


--
-- Name: pipeline_stages pipeline_stages_pkey; Type: CONSTRAINT; Schema: crm; Owner: -
--

ALTER TABLE ONLY crm.pipeline_stages
    ADD CONSTRAINT pipeline_stages_pkey PRIMARY KEY (id);


--
-- Name: pipeline_stages pipeline_stages_position_key; Type: CONSTRAINT; Schema: crm; Owner: -
--

ALTER TABLE ONLY crm.pipeline_stages
    ADD CONSTRAINT pipeline_stages_position_key UNIQUE (pipeline_id, "position") DEFERRABLE INITIALLY DEFERRED;


--
-- Name: CONSTRAINT pipeline_stages_position_key ON pipeline_stages; Type: COMMENT; Schema: crm; Owner: -
--

COMMENT ON CONSTRAINT pipeline_stages_position_key ON crm.pipeline_stages IS 'Deferred, so that two stages can swap places in one transaction';


--
-- Name: pipelines pipelines_name_key; Type: CONSTRAINT; Schema: crm; Owner: -
--

ALTER TABLE ONLY crm.pipelines
    ADD CONSTRAINT pipelines_name_key UNIQUE (name);


--
-- Name: pipelines pipelines_pkey; Type: CONSTRAINT; Schema: crm; Owner: -
--

ALTER TABLE ONLY crm.pipelines
    ADD CONSTRAINT pipelines_pkey PRIMARY KEY (id);


--
-- Name: tags tags_pkey; Type: CONSTRAINT; Schema: crm; Owner: -
--

ALTER TABLE ONLY crm.tags
    ADD CONSTRAINT tags_pkey PRIMARY KEY (id);


--
-- Name: tasks tasks_pkey; Type: CONSTRAINT; Schema: crm; Owner: -
--

ALTER TABLE ONLY crm.tasks
    ADD CONSTRAINT tasks_pkey PRIMARY KEY (id);


--
-- Name: team_members team_members_pkey; Type: CONSTRAINT; Schema: crm; Owner: -
--

ALTER TABLE ONLY crm.team_members
    ADD CONSTRAINT team_members_pkey PRIMARY KEY (team_id, user_id, joined_on);


--
-- Name: teams teams_parent_name_key; Type: CONSTRAINT; Schema: crm; Owner: -
--

ALTER TABLE ONLY crm.teams
    ADD CONSTRAINT teams_parent_name_key UNIQUE NULLS NOT DISTINCT (parent_team_id, name);


--
-- Name: teams teams_pkey; Type: CONSTRAINT; Schema: crm; Owner: -
--

ALTER TABLE ONLY crm.teams
    ADD CONSTRAINT teams_pkey PRIMARY KEY (id);


--
-- Name: users users_pkey; Type: CONSTRAINT; Schema: crm; Owner: -
--

ALTER TABLE ONLY crm.users
    ADD CONSTRAINT users_pkey PRIMARY KEY (id);


--
-- Name: users users_public_id_key; Type: CONSTRAINT; Schema: crm; Owner: -
--

ALTER TABLE ONLY crm.users
    ADD CONSTRAINT users_public_id_key UNIQUE (public_id);


--
-- Name: schema_migrations schema_migrations_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.schema_migrations
    ADD CONSTRAINT schema_migrations_pkey PRIMARY KEY (version);


--
-- Name: invoice_lines_product_id_idx; Type: INDEX; Schema: billing; Owner: -
--

CREATE INDEX invoice_lines_product_id_idx ON billing.invoice_lines USING btree (product_id);


--
-- Name: invoice_lines_tax_rate_id_idx; Type: INDEX; Schema: billing; Owner: -
--

CREATE INDEX invoice_lines_tax_rate_id_idx ON billing.invoice_lines USING btree (tax_rate_id);


--
-- Name: invoices_account_id_idx; Type: INDEX; Schema: billing; Owner: -
--

CREATE INDEX invoices_account_id_idx ON billing.invoices USING btree (account_id, issued_on DESC);


--
-- Name: invoices_deal_id_idx; Type: INDEX; Schema: billing; Owner: -
--

CREATE INDEX invoices_deal_id_idx ON billing.invoices USING btree (deal_id) WHERE (deal_id IS NOT NULL);


--
-- Name: invoices_due_idx; Type: INDEX; Schema: billing; Owner: -
--

CREATE INDEX invoices_due_idx ON billing.invoices USING btree (due_on) WHERE (status = 'issued'::billing.invoice_status);


--
-- Name: invoices_subscription_id_idx; Type: INDEX; Schema: billing; Owner: -
--

CREATE INDEX invoices_subscription_id_idx ON billing.invoices USING btree (subscription_id);


--
-- Name: monthly_revenue_key; Type: INDEX; Schema: billing; Owner: -
--

CREATE UNIQUE INDEX monthly_revenue_key ON billing.monthly_revenue USING btree (month, currency, product_id) NULLS NOT DISTINCT;


--
-- Name: payment_allocations_invoice_id_idx; Type: INDEX; Schema: billing; Owner: -
--

CREATE INDEX payment_allocations_invoice_id_idx ON billing.payment_allocations USING btree (invoice_id);


--
-- Name: payments_account_id_idx; Type: INDEX; Schema: billing; Owner: -
--

CREATE INDEX payments_account_id_idx ON billing.payments USING btree (account_id, received_on DESC);


--
-- Name: product_prices_product_id_idx; Type: INDEX; Schema: billing; Owner: -
--

CREATE INDEX product_prices_product_id_idx ON billing.product_prices USING btree (product_id);


--
-- Name: subscriptions_account_id_idx; Type: INDEX; Schema: billing; Owner: -
--

CREATE INDEX subscriptions_account_id_idx ON billing.subscriptions USING btree (account_id);


--
-- Name: subscriptions_product_price_id_idx; Type: INDEX; Schema: billing; Owner: -
--

CREATE INDEX subscriptions_product_price_id_idx ON billing.subscriptions USING btree (product_price_id);


--
-- Name: subscriptions_renewal_idx; Type: INDEX; Schema: billing; Owner: -
--

CREATE INDEX subscriptions_renewal_idx ON billing.subscriptions USING btree (upper(current_period)) WHERE (status = ANY (ARRAY['trialing'::billing.subscription_status, 'active'::billing.subscription_status, 'past_due'::billing.subscription_status]));


--
-- Name: account_tags_tag_id_idx; Type: INDEX; Schema: crm; Owner: -
--

CREATE INDEX account_tags_tag_id_idx ON crm.account_tags USING btree (tag_id);


--
-- Name: accounts_custom_fields_idx; Type: INDEX; Schema: crm; Owner: -
--

CREATE INDEX accounts_custom_fields_idx ON crm.accounts USING gin (custom_fields jsonb_path_ops);


--
-- Name: accounts_industry_id_idx; Type: INDEX; Schema: crm; Owner: -
--

CREATE INDEX accounts_industry_id_idx ON crm.accounts USING btree (industry_id);


--
-- Name: accounts_owner_id_idx; Type: INDEX; Schema: crm; Owner: -
--

CREATE INDEX accounts_owner_id_idx ON crm.accounts USING btree (owner_id) WHERE (archived_at IS NULL);


--
-- Name: accounts_parent_account_id_idx; Type: INDEX; Schema: crm; Owner: -
--

CREATE INDEX accounts_parent_account_id_idx ON crm.accounts USING btree (parent_account_id) WHERE (parent_account_id IS NOT NULL);


--
-- Name: accounts_search_vector_idx; Type: INDEX; Schema: crm; Owner: -
--

CREATE INDEX accounts_search_vector_idx ON crm.accounts USING gin (search_vector);


--
-- Name: accounts_vat_number_key; Type: INDEX; Schema: crm; Owner: -
--

CREATE UNIQUE INDEX accounts_vat_number_key ON crm.accounts USING btree (country_code, vat_number) WHERE (vat_number IS NOT NULL);


--
-- Name: accounts_website_domain_key; Type: INDEX; Schema: crm; Owner: -
--

CREATE UNIQUE INDEX accounts_website_domain_key ON crm.accounts USING btree (crm.normalize_domain(website)) WHERE (archived_at IS NULL);


--
-- Name: INDEX accounts_website_domain_key; Type: COMMENT; Schema: crm; Owner: -
--

COMMENT ON INDEX crm.accounts_website_domain_key IS 'One live account a domain: stops duplicates from imports';


--
-- Name: activities_account_id_idx; Type: INDEX; Schema: crm; Owner: -
--

CREATE INDEX activities_account_id_idx ON ONLY crm.activities USING btree (account_id, occurred_at DESC);


--
-- Name: activities_2023_account_id_occurred_at_idx; Type: INDEX; Schema: crm; Owner: -
--

CREATE INDEX activities_2023_account_id_occurred_at_idx ON crm.activities_2023 USING btree (account_id, occurred_at DESC);


--
-- Name: activities_contact_id_idx; Type: INDEX; Schema: crm; Owner: -
--

CREATE INDEX activities_contact_id_idx ON ONLY crm.activities USING btree (contact_id, occurred_at DESC);


--
-- Name: activities_2023_contact_id_occurred_at_idx; Type: INDEX; Schema: crm; Owner: -
--

CREATE INDEX activities_2023_contact_id_occurred_at_idx ON crm.activities_2023 USING btree (contact_id, occurred_at DESC);


--
-- Name: activities_deal_id_idx; Type: INDEX; Schema: crm; Owner: -
--

CREATE INDEX activities_deal_id_idx ON ONLY crm.activities USING btree (deal_id) WHERE (deal_id IS NOT NULL);


--
-- Name: activities_2023_deal_id_idx; Type: INDEX; Schema: crm; Owner: -
--

CREATE INDEX activities_2023_deal_id_idx ON crm.activities_2023 USING btree (deal_id) WHERE (deal_id IS NOT NULL);


--
-- Name: activities_2024_account_id_occurred_at_idx; Type: INDEX; Schema: crm; Owner: -
--

CREATE INDEX activities_2024_account_id_occurred_at_idx ON crm.activities_2024 USING btree (account_id, occurred_at DESC);


--
-- Name: activities_2024_contact_id_occurred_at_idx; Type: INDEX; Schema: crm; Owner: -
--

CREATE INDEX activities_2024_contact_id_occurred_at_idx ON crm.activities_2024 USING btree (contact_id, occurred_at DESC);


--
-- Name: activities_2024_deal_id_idx; Type: INDEX; Schema: crm; Owner: -
--

CREATE INDEX activities_2024_deal_id_idx ON crm.activities_2024 USING btree (deal_id) WHERE (deal_id IS NOT NULL);


--
-- Name: activities_2025_account_id_occurred_at_idx; Type: INDEX; Schema: crm; Owner: -
--

CREATE INDEX activities_2025_account_id_occurred_at_idx ON crm.activities_2025 USING btree (account_id, occurred_at DESC);


--
-- Name: activities_2025_contact_id_occurred_at_idx; Type: INDEX; Schema: crm; Owner: -
--

CREATE INDEX activities_2025_contact_id_occurred_at_idx ON crm.activities_2025 USING btree (contact_id, occurred_at DESC);


--
-- Name: activities_2025_deal_id_idx; Type: INDEX; Schema: crm; Owner: -
--

CREATE INDEX activities_2025_deal_id_idx ON crm.activities_2025 USING btree (deal_id) WHERE (deal_id IS NOT NULL);


--
-- Name: activities_2026_account_id_occurred_at_idx; Type: INDEX; Schema: crm; Owner: -
--

CREATE INDEX activities_2026_account_id_occurred_at_idx ON crm.activities_2026 USING btree (account_id, occurred_at DESC);


--
-- Name: activities_2026_contact_id_occurred_at_idx; Type: INDEX; Schema: crm; Owner: -
--

CREATE INDEX activities_2026_contact_id_occurred_at_idx ON crm.activities_2026 USING btree (contact_id, occurred_at DESC);


--
-- Name: activities_2026_deal_id_idx; Type: INDEX; Schema: crm; Owner: -
--

CREATE INDEX activities_2026_deal_id_idx ON crm.activities_2026 USING btree (deal_id) WHERE (deal_id IS NOT NULL);


--
-- Name: activities_default_account_id_occurred_at_idx; Type: INDEX; Schema: crm; Owner: -
--

CREATE INDEX activities_default_account_id_occurred_at_idx ON crm.activities_default USING btree (account_id, occurred_at DESC);


--
-- Name: activities_default_contact_id_occurred_at_idx; Type: INDEX; Schema: crm; Owner: -
--

CREATE INDEX activities_default_contact_id_occurred_at_idx ON crm.activities_default USING btree (contact_id, occurred_at DESC);


--
-- Name: activities_default_deal_id_idx; Type: INDEX; Schema: crm; Owner: -
--

CREATE INDEX activities_default_deal_id_idx ON crm.activities_default USING btree (deal_id) WHERE (deal_id IS NOT NULL);


--
-- Name: addresses_account_id_idx; Type: INDEX; Schema: crm; Owner: -
--

CREATE INDEX addresses_account_id_idx ON crm.addresses USING btree (account_id);


--
-- Name: addresses_default_key; Type: INDEX; Schema: crm; Owner: -
--

CREATE UNIQUE INDEX addresses_default_key ON crm.addresses USING btree (account_id, kind) WHERE is_default;


--
-- Name: audit_log_occurred_at_idx; Type: INDEX; Schema: crm; Owner: -
--

CREATE INDEX audit_log_occurred_at_idx ON crm.audit_log USING brin (occurred_at);


--
-- Name: audit_log_row_idx; Type: INDEX; Schema: crm; Owner: -
--

CREATE INDEX audit_log_row_idx ON crm.audit_log USING btree (table_name, row_id, id DESC);


--
-- Name: contact_consents_latest_idx; Type: INDEX; Schema: crm; Owner: -
--

CREATE INDEX contact_consents_latest_idx ON crm.contact_consents USING btree (contact_id, purpose, recorded_at DESC);


--
-- Name: contacts_account_email_key; Type: INDEX; Schema: crm; Owner: -
--

CREATE UNIQUE INDEX contacts_account_email_key ON crm.contacts USING btree (account_id, lower((email)::text)) WHERE (deleted_at IS NULL);


--
-- Name: contacts_deleted_at_idx; Type: INDEX; Schema: crm; Owner: -
--

CREATE INDEX contacts_deleted_at_idx ON crm.contacts USING btree (deleted_at) WHERE (deleted_at IS NOT NULL);


--
-- Name: contacts_email_lower_idx; Type: INDEX; Schema: crm; Owner: -
--

CREATE INDEX contacts_email_lower_idx ON crm.contacts USING btree (lower((email)::text));


--
-- Name: contacts_name_idx; Type: INDEX; Schema: crm; Owner: -
--

CREATE INDEX contacts_name_idx ON crm.contacts USING btree (family_name, given_name) INCLUDE (email) WHERE (deleted_at IS NULL);


--
-- Name: contacts_owner_id_idx; Type: INDEX; Schema: crm; Owner: -
--

CREATE INDEX contacts_owner_id_idx ON crm.contacts USING btree (owner_id);


--
-- Name: deal_contacts_contact_id_idx; Type: INDEX; Schema: crm; Owner: -
--

CREATE INDEX deal_contacts_contact_id_idx ON crm.deal_contacts USING btree (contact_id);


--
-- Name: deal_stage_history_deal_id_idx; Type: INDEX; Schema: crm; Owner: -
--

CREATE INDEX deal_stage_history_deal_id_idx ON crm.deal_stage_history USING btree (deal_id, changed_at);


--
-- Name: deals_account_id_idx; Type: INDEX; Schema: crm; Owner: -
--

CREATE INDEX deals_account_id_idx ON crm.deals USING btree (account_id);


--
-- Name: deals_closed_at_idx; Type: INDEX; Schema: crm; Owner: -
--

CREATE INDEX deals_closed_at_idx ON crm.deals USING btree (closed_at) WHERE (status <> 'open'::crm.deal_status);


--
-- Name: deals_forecast_idx; Type: INDEX; Schema: crm; Owner: -
--

CREATE INDEX deals_forecast_idx ON crm.deals USING btree (owner_id, expected_close_on) WHERE (status = 'open'::crm.deal_status);


--
-- Name: deals_owner_id_idx; Type: INDEX; Schema: crm; Owner: -
--

CREATE INDEX deals_owner_id_idx ON crm.deals USING btree (owner_id);


--
-- Name: deals_stage_idx; Type: INDEX; Schema: crm; Owner: -
--

CREATE INDEX deals_stage_idx ON crm.deals USING btree (pipeline_id, stage_id) WHERE (status = 'open'::crm.deal_status);


--
-- Name: leads_converted_contact_id_idx; Type: INDEX; Schema: crm; Owner: -
--

CREATE INDEX leads_converted_contact_id_idx ON crm.leads USING btree (converted_contact_id);


--
-- Name: leads_email_lower_idx; Type: INDEX; Schema: crm; Owner: -
--

CREATE INDEX leads_email_lower_idx ON crm.leads USING btree (lower((email)::text));


--
-- Name: leads_inbox_idx; Type: INDEX; Schema: crm; Owner: -
--

CREATE INDEX leads_inbox_idx ON crm.leads USING btree (owner_id, score DESC, created_at) WHERE (status = ANY (ARRAY['new'::crm.lead_status, 'contacted'::crm.lead_status]));


--
-- Name: notes_account_id_idx; Type: INDEX; Schema: crm; Owner: -
--

CREATE INDEX notes_account_id_idx ON crm.notes USING btree (account_id, created_at DESC) WHERE (account_id IS NOT NULL);


--
-- Name: notes_body_search_idx; Type: INDEX; Schema: crm; Owner: -
--

CREATE INDEX notes_body_search_idx ON crm.notes USING gin (to_tsvector('simple'::regconfig, body));


--
-- Name: notes_contact_id_idx; Type: INDEX; Schema: crm; Owner: -
--

CREATE INDEX notes_contact_id_idx ON crm.notes USING btree (contact_id, created_at DESC) WHERE (contact_id IS NOT NULL);


--
-- Name: notes_deal_id_idx; Type: INDEX; Schema: crm; Owner: -
--

CREATE INDEX notes_deal_id_idx ON crm.notes USING btree (deal_id, created_at DESC) WHERE (deal_id IS NOT NULL);


--
-- Name: tags_name_lower_key; Type: INDEX; Schema: crm; Owner: -
--

CREATE UNIQUE INDEX tags_name_lower_key ON crm.tags USING btree (lower(name));


--
-- Name: tasks_account_id_idx; Type: INDEX; Schema: crm; Owner: -
--

CREATE INDEX tasks_account_id_idx ON crm.tasks USING btree (account_id);


--
-- Name: tasks_deal_id_idx; Type: INDEX; Schema: crm; Owner: -
--

CREATE INDEX tasks_deal_id_idx ON crm.tasks USING btree (deal_id);


--
-- Name: tasks_open_idx; Type: INDEX; Schema: crm; Owner: -
--

CREATE INDEX tasks_open_idx ON crm.tasks USING btree (assignee_id, due_at, priority DESC) WHERE (completed_at IS NULL);


--
-- Name: team_members_current_key; Type: INDEX; Schema: crm; Owner: -
--

CREATE UNIQUE INDEX team_members_current_key ON crm.team_members USING btree (team_id, user_id) WHERE (left_on IS NULL);


--
-- Name: team_members_user_id_idx; Type: INDEX; Schema: crm; Owner: -
--

CREATE INDEX team_members_user_id_idx ON crm.team_members USING btree (user_id);


--
-- Name: teams_lead_user_id_idx; Type: INDEX; Schema: crm; Owner: -
--

CREATE INDEX teams_lead_user_id_idx ON crm.teams USING btree (lead_user_id);


--
-- Name: users_email_lower_key; Type: INDEX; Schema: crm; Owner: -
--

CREATE UNIQUE INDEX users_email_lower_key ON crm.users USING btree (lower((email)::text));


--
-- Name: activities_2023_account_id_occurred_at_idx; Type: INDEX ATTACH; Schema: crm; Owner: -
--

ALTER INDEX crm.activities_account_id_idx ATTACH PARTITION crm.activities_2023_account_id_occurred_at_idx;


--
-- Name: activities_2023_contact_id_occurred_at_idx; Type: INDEX ATTACH; Schema: crm; Owner: -
--

ALTER INDEX crm.activities_contact_id_idx ATTACH PARTITION crm.activities_2023_contact_id_occurred_at_idx;


--
-- Name: activities_2023_deal_id_idx; Type: INDEX ATTACH; Schema: crm; Owner: -
--

ALTER INDEX crm.activities_deal_id_idx ATTACH PARTITION crm.activities_2023_deal_id_idx;


--
-- Name: activities_2023_pkey; Type: INDEX ATTACH; Schema: crm; Owner: -
--

ALTER INDEX crm.activities_pkey ATTACH PARTITION crm.activities_2023_pkey;


--
-- Name: activities_2024_account_id_occurred_at_idx; Type: INDEX ATTACH; Schema: crm; Owner: -
--

ALTER INDEX crm.activities_account_id_idx ATTACH PARTITION crm.activities_2024_account_id_occurred_at_idx;


--
-- Name: activities_2024_contact_id_occurred_at_idx; Type: INDEX ATTACH; Schema: crm; Owner: -
--

ALTER INDEX crm.activities_contact_id_idx ATTACH PARTITION crm.activities_2024_contact_id_occurred_at_idx;


--
-- Name: activities_2024_deal_id_idx; Type: INDEX ATTACH; Schema: crm; Owner: -
--

ALTER INDEX crm.activities_deal_id_idx ATTACH PARTITION crm.activities_2024_deal_id_idx;


--
-- Name: activities_2024_pkey; Type: INDEX ATTACH; Schema: crm; Owner: -
--

ALTER INDEX crm.activities_pkey ATTACH PARTITION crm.activities_2024_pkey;


--
-- Name: activities_2025_account_id_occurred_at_idx; Type: INDEX ATTACH; Schema: crm; Owner: -
--

ALTER INDEX crm.activities_account_id_idx ATTACH PARTITION crm.activities_2025_account_id_occurred_at_idx;


--
-- Name: activities_2025_contact_id_occurred_at_idx; Type: INDEX ATTACH; Schema: crm; Owner: -
--

ALTER INDEX crm.activities_contact_id_idx ATTACH PARTITION crm.activities_2025_contact_id_occurred_at_idx;


--
-- Name: activities_2025_deal_id_idx; Type: INDEX ATTACH; Schema: crm; Owner: -
--

ALTER INDEX crm.activities_deal_id_idx ATTACH PARTITION crm.activities_2025_deal_id_idx;


--
-- Name: activities_2025_pkey; Type: INDEX ATTACH; Schema: crm; Owner: -
--

ALTER INDEX crm.activities_pkey ATTACH PARTITION crm.activities_2025_pkey;


--
-- Name: activities_2026_account_id_occurred_at_idx; Type: INDEX ATTACH; Schema: crm; Owner: -
--

ALTER INDEX crm.activities_account_id_idx ATTACH PARTITION crm.activities_2026_account_id_occurred_at_idx;


--
-- Name: activities_2026_contact_id_occurred_at_idx; Type: INDEX ATTACH; Schema: crm; Owner: -
--

ALTER INDEX crm.activities_contact_id_idx ATTACH PARTITION crm.activities_2026_contact_id_occurred_at_idx;


--
-- Name: activities_2026_deal_id_idx; Type: INDEX ATTACH; Schema: crm; Owner: -
--

ALTER INDEX crm.activities_deal_id_idx ATTACH PARTITION crm.activities_2026_deal_id_idx;


--
-- Name: activities_2026_pkey; Type: INDEX ATTACH; Schema: crm; Owner: -
--

ALTER INDEX crm.activities_pkey ATTACH PARTITION crm.activities_2026_pkey;


--
-- Name: activities_default_account_id_occurred_at_idx; Type: INDEX ATTACH; Schema: crm; Owner: -
--

ALTER INDEX crm.activities_account_id_idx ATTACH PARTITION crm.activities_default_account_id_occurred_at_idx;


--
-- Name: activities_default_contact_id_occurred_at_idx; Type: INDEX ATTACH; Schema: crm; Owner: -
--

ALTER INDEX crm.activities_contact_id_idx ATTACH PARTITION crm.activities_default_contact_id_occurred_at_idx;


--
-- Name: activities_default_deal_id_idx; Type: INDEX ATTACH; Schema: crm; Owner: -
--

ALTER INDEX crm.activities_deal_id_idx ATTACH PARTITION crm.activities_default_deal_id_idx;


--
-- Name: activities_default_pkey; Type: INDEX ATTACH; Schema: crm; Owner: -
--

ALTER INDEX crm.activities_pkey ATTACH PARTITION crm.activities_default_pkey;


--
-- Name: accounts_country_industry_stats; Type: STATISTICS; Schema: crm; Owner: -
--

CREATE STATISTICS crm.accounts_country_industry_stats (ndistinct, dependencies) ON industry_id, country_code FROM crm.accounts;


--
-- Name: open_invoices _RETURN; Type: RULE; Schema: billing; Owner: -
--

CREATE OR REPLACE VIEW billing.open_invoices AS
 SELECT i.id,
    i.number,
    i.account_id,
    i.currency,
    i.total_amount,
    (i.total_amount - COALESCE(sum((pa.amount)::numeric), (0)::numeric)) AS open_amount,
    i.issued_on,
    i.due_on
   FROM (billing.invoices i
     LEFT JOIN billing.payment_allocations pa ON ((pa.invoice_id = i.id)))
  WHERE (i.status = 'issued'::billing.invoice_status)
  GROUP BY i.id
 HAVING (i.total_amount <> COALESCE(sum((pa.amount)::numeric), (0)::numeric));


--
-- Name: invoice_lines invoice_lines_refresh_amounts; Type: TRIGGER; Schema: billing; Owner: -
--

CREATE TRIGGER invoice_lines_refresh_amounts AFTER INSERT OR DELETE OR UPDATE ON billing.invoice_lines FOR EACH ROW EXECUTE FUNCTION billing.refresh_invoice_amounts();


--
-- Name: invoices invoices_audit; Type: TRIGGER; Schema: billing; Owner: -
--

CREATE TRIGGER invoices_audit AFTER INSERT OR DELETE OR UPDATE ON billing.invoices FOR EACH ROW EXECUTE FUNCTION crm.record_change();


--
-- Name: invoices invoices_protect_issued; Type: TRIGGER; Schema: billing; Owner: -
--

CREATE TRIGGER invoices_protect_issued BEFORE DELETE OR UPDATE ON billing.invoices FOR EACH ROW WHEN ((old.status <> 'draft'::billing.invoice_status)) EXECUTE FUNCTION billing.protect_issued_invoice();


--
-- Name: invoices invoices_set_updated_at; Type: TRIGGER; Schema: billing; Owner: -
--

CREATE TRIGGER invoices_set_updated_at BEFORE UPDATE ON billing.invoices FOR EACH ROW EXECUTE FUNCTION crm.set_updated_at();


--
-- Name: payment_allocations payment_allocations_check; Type: TRIGGER; Schema: billing; Owner: -
--

CREATE CONSTRAINT TRIGGER payment_allocations_check AFTER INSERT OR UPDATE ON billing.payment_allocations DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION billing.check_payment_allocations();


--
-- Name: TRIGGER payment_allocations_check ON payment_allocations; Type: COMMENT; Schema: billing; Owner: -
--

COMMENT ON TRIGGER payment_allocations_check ON billing.payment_allocations IS 'At commit, so that a payment can be re-allocated in one transaction';


--
-- Name: products products_set_updated_at; Type: TRIGGER; Schema: billing; Owner: -
--

CREATE TRIGGER products_set_updated_at BEFORE UPDATE ON billing.products FOR EACH ROW EXECUTE FUNCTION crm.set_updated_at();


--
-- Name: subscriptions subscriptions_set_updated_at; Type: TRIGGER; Schema: billing; Owner: -
--

CREATE TRIGGER subscriptions_set_updated_at BEFORE UPDATE ON billing.subscriptions FOR EACH ROW EXECUTE FUNCTION crm.set_updated_at();


--
-- Name: accounts accounts_audit; Type: TRIGGER; Schema: crm; Owner: -
--

CREATE TRIGGER accounts_audit AFTER INSERT OR DELETE OR UPDATE ON crm.accounts FOR EACH ROW EXECUTE FUNCTION crm.record_change();


--
-- Name: accounts accounts_set_updated_at; Type: TRIGGER; Schema: crm; Owner: -
--

CREATE TRIGGER accounts_set_updated_at BEFORE UPDATE ON crm.accounts FOR EACH ROW EXECUTE FUNCTION crm.set_updated_at();


--
-- Name: addresses addresses_set_updated_at; Type: TRIGGER; Schema: crm; Owner: -
--

CREATE TRIGGER addresses_set_updated_at BEFORE UPDATE ON crm.addresses FOR EACH ROW EXECUTE FUNCTION crm.set_updated_at();


--
-- Name: audit_log audit_log_append_only; Type: TRIGGER; Schema: crm; Owner: -
--

CREATE TRIGGER audit_log_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON crm.audit_log FOR EACH STATEMENT EXECUTE FUNCTION crm.refuse_change();


--
-- Name: contacts contacts_audit; Type: TRIGGER; Schema: crm; Owner: -
--

CREATE TRIGGER contacts_audit AFTER INSERT OR DELETE OR UPDATE ON crm.contacts FOR EACH ROW EXECUTE FUNCTION crm.record_change();


--
-- Name: contacts contacts_set_updated_at; Type: TRIGGER; Schema: crm; Owner: -
--

CREATE TRIGGER contacts_set_updated_at BEFORE UPDATE ON crm.contacts FOR EACH ROW EXECUTE FUNCTION crm.set_updated_at();


--
-- Name: deals deals_audit; Type: TRIGGER; Schema: crm; Owner: -
--

CREATE TRIGGER deals_audit AFTER INSERT OR DELETE OR UPDATE ON crm.deals FOR EACH ROW EXECUTE FUNCTION crm.record_change();


--
-- Name: deals deals_set_updated_at; Type: TRIGGER; Schema: crm; Owner: -
--

CREATE TRIGGER deals_set_updated_at BEFORE UPDATE ON crm.deals FOR EACH ROW EXECUTE FUNCTION crm.set_updated_at();


--
-- Name: deals deals_track_stage; Type: TRIGGER; Schema: crm; Owner: -
--

CREATE TRIGGER deals_track_stage AFTER INSERT OR UPDATE OF stage_id ON crm.deals FOR EACH ROW EXECUTE FUNCTION crm.track_deal_stage();


--
-- Name: leads leads_set_updated_at; Type: TRIGGER; Schema: crm; Owner: -
--

CREATE TRIGGER leads_set_updated_at BEFORE UPDATE ON crm.leads FOR EACH ROW EXECUTE FUNCTION crm.set_updated_at();


--
-- Name: notes notes_set_updated_at; Type: TRIGGER; Schema: crm; Owner: -
--

CREATE TRIGGER notes_set_updated_at BEFORE UPDATE ON crm.notes FOR EACH ROW EXECUTE FUNCTION crm.set_updated_at();


--
-- Name: tasks tasks_set_updated_at; Type: TRIGGER; Schema: crm; Owner: -
--

CREATE TRIGGER tasks_set_updated_at BEFORE UPDATE ON crm.tasks FOR EACH ROW EXECUTE FUNCTION crm.set_updated_at();


--
-- Name: users users_set_updated_at; Type: TRIGGER; Schema: crm; Owner: -
--

CREATE TRIGGER users_set_updated_at BEFORE UPDATE ON crm.users FOR EACH ROW EXECUTE FUNCTION crm.set_updated_at();


--
-- Name: invoice_lines invoice_lines_invoice_id_fkey; Type: FK CONSTRAINT; Schema: billing; Owner: -
--

ALTER TABLE ONLY billing.invoice_lines
    ADD CONSTRAINT invoice_lines_invoice_id_fkey FOREIGN KEY (invoice_id) REFERENCES billing.invoices(id) ON DELETE CASCADE;


--
-- Name: invoice_lines invoice_lines_product_id_fkey; Type: FK CONSTRAINT; Schema: billing; Owner: -
--

ALTER TABLE ONLY billing.invoice_lines
    ADD CONSTRAINT invoice_lines_product_id_fkey FOREIGN KEY (product_id) REFERENCES billing.products(id) ON DELETE SET NULL;


--
-- Name: invoice_lines invoice_lines_tax_rate_id_fkey; Type: FK CONSTRAINT; Schema: billing; Owner: -
--

ALTER TABLE ONLY billing.invoice_lines
    ADD CONSTRAINT invoice_lines_tax_rate_id_fkey FOREIGN KEY (tax_rate_id) REFERENCES billing.tax_rates(id);


--
-- Name: invoices invoices_account_id_fkey; Type: FK CONSTRAINT; Schema: billing; Owner: -
--

ALTER TABLE ONLY billing.invoices
    ADD CONSTRAINT invoices_account_id_fkey FOREIGN KEY (account_id) REFERENCES crm.accounts(id) ON DELETE RESTRICT;


--
-- Name: invoices invoices_deal_id_fkey; Type: FK CONSTRAINT; Schema: billing; Owner: -
--

ALTER TABLE ONLY billing.invoices
    ADD CONSTRAINT invoices_deal_id_fkey FOREIGN KEY (deal_id) REFERENCES crm.deals(id) ON DELETE SET NULL;


--
-- Name: invoices invoices_subscription_id_fkey; Type: FK CONSTRAINT; Schema: billing; Owner: -
--

ALTER TABLE ONLY billing.invoices
    ADD CONSTRAINT invoices_subscription_id_fkey FOREIGN KEY (subscription_id) REFERENCES billing.subscriptions(id) ON DELETE SET NULL;


--
-- Name: payment_allocations payment_allocations_invoice_id_fkey; Type: FK CONSTRAINT; Schema: billing; Owner: -
--

ALTER TABLE ONLY billing.payment_allocations
    ADD CONSTRAINT payment_allocations_invoice_id_fkey FOREIGN KEY (invoice_id) REFERENCES billing.invoices(id) ON DELETE RESTRICT;


--
-- Name: payment_allocations payment_allocations_payment_id_fkey; Type: FK CONSTRAINT; Schema: billing; Owner: -
--

ALTER TABLE ONLY billing.payment_allocations
    ADD CONSTRAINT payment_allocations_payment_id_fkey FOREIGN KEY (payment_id) REFERENCES billing.payments(id) ON DELETE CASCADE;


--
-- Name: payments payments_account_id_fkey; Type: FK CONSTRAINT; Schema: billing; Owner: -
--

ALTER TABLE ONLY billing.payments
    ADD CONSTRAINT payments_account_id_fkey FOREIGN KEY (account_id) REFERENCES crm.accounts(id) ON DELETE RESTRICT;


--
-- Name: price_promotions price_promotions_product_id_fkey; Type: FK CONSTRAINT; Schema: billing; Owner: -
--

ALTER TABLE ONLY billing.price_promotions
    ADD CONSTRAINT price_promotions_product_id_fkey FOREIGN KEY (product_id) REFERENCES billing.products(id) ON DELETE CASCADE;


--
-- Name: product_prices product_prices_product_id_fkey; Type: FK CONSTRAINT; Schema: billing; Owner: -
--

ALTER TABLE ONLY billing.product_prices
    ADD CONSTRAINT product_prices_product_id_fkey FOREIGN KEY (product_id) REFERENCES billing.products(id) ON DELETE RESTRICT;


--
-- Name: subscriptions subscriptions_account_id_fkey; Type: FK CONSTRAINT; Schema: billing; Owner: -
--

ALTER TABLE ONLY billing.subscriptions
    ADD CONSTRAINT subscriptions_account_id_fkey FOREIGN KEY (account_id) REFERENCES crm.accounts(id) ON DELETE RESTRICT;


--
-- Name: subscriptions subscriptions_product_price_id_fkey; Type: FK CONSTRAINT; Schema: billing; Owner: -
--

ALTER TABLE ONLY billing.subscriptions
    ADD CONSTRAINT subscriptions_product_price_id_fkey FOREIGN KEY (product_price_id) REFERENCES billing.product_prices(id);


--
-- Name: account_tags account_tags_account_id_fkey; Type: FK CONSTRAINT; Schema: crm; Owner: -
--

ALTER TABLE ONLY crm.account_tags
    ADD CONSTRAINT account_tags_account_id_fkey FOREIGN KEY (account_id) REFERENCES crm.accounts(id) ON DELETE CASCADE;


--
-- Name: account_tags account_tags_tag_id_fkey; Type: FK CONSTRAINT; Schema: crm; Owner: -
--

ALTER TABLE ONLY crm.account_tags
    ADD CONSTRAINT account_tags_tag_id_fkey FOREIGN KEY (tag_id) REFERENCES crm.tags(id) ON DELETE CASCADE;


--
-- Name: accounts accounts_industry_id_fkey; Type: FK CONSTRAINT; Schema: crm; Owner: -
--

ALTER TABLE ONLY crm.accounts
    ADD CONSTRAINT accounts_industry_id_fkey FOREIGN KEY (industry_id) REFERENCES crm.industries(id);


--
-- Name: accounts accounts_owner_id_fkey; Type: FK CONSTRAINT; Schema: crm; Owner: -
--

ALTER TABLE ONLY crm.accounts
    ADD CONSTRAINT accounts_owner_id_fkey FOREIGN KEY (owner_id) REFERENCES crm.users(id) ON DELETE SET NULL;


--
-- Name: accounts accounts_parent_account_id_fkey; Type: FK CONSTRAINT; Schema: crm; Owner: -
--

ALTER TABLE ONLY crm.accounts
    ADD CONSTRAINT accounts_parent_account_id_fkey FOREIGN KEY (parent_account_id) REFERENCES crm.accounts(id) ON DELETE SET NULL;


--
-- Name: activities activities_account_id_fkey; Type: FK CONSTRAINT; Schema: crm; Owner: -
--

ALTER TABLE crm.activities
    ADD CONSTRAINT activities_account_id_fkey FOREIGN KEY (account_id) REFERENCES crm.accounts(id) ON DELETE SET NULL;


--
-- Name: activities activities_contact_id_fkey; Type: FK CONSTRAINT; Schema: crm; Owner: -
--

ALTER TABLE crm.activities
    ADD CONSTRAINT activities_contact_id_fkey FOREIGN KEY (contact_id) REFERENCES crm.contacts(id) ON DELETE SET NULL;


--
-- Name: activities activities_deal_id_fkey; Type: FK CONSTRAINT; Schema: crm; Owner: -
--

ALTER TABLE crm.activities
    ADD CONSTRAINT activities_deal_id_fkey FOREIGN KEY (deal_id) REFERENCES crm.deals(id) ON DELETE SET NULL;


--
-- Name: activities activities_user_id_fkey; Type: FK CONSTRAINT; Schema: crm; Owner: -
--

ALTER TABLE crm.activities
    ADD CONSTRAINT activities_user_id_fkey FOREIGN KEY (user_id) REFERENCES crm.users(id) ON DELETE SET NULL;


--
-- Name: addresses addresses_account_id_fkey; Type: FK CONSTRAINT; Schema: crm; Owner: -
--

ALTER TABLE ONLY crm.addresses
    ADD CONSTRAINT addresses_account_id_fkey FOREIGN KEY (account_id) REFERENCES crm.accounts(id) ON DELETE CASCADE;


--
-- Name: contact_consents contact_consents_contact_id_fkey; Type: FK CONSTRAINT; Schema: crm; Owner: -
--

ALTER TABLE ONLY crm.contact_consents
    ADD CONSTRAINT contact_consents_contact_id_fkey FOREIGN KEY (contact_id) REFERENCES crm.contacts(id) ON DELETE CASCADE;


--
-- Name: contact_consents contact_consents_recorded_by_fkey; Type: FK CONSTRAINT; Schema: crm; Owner: -
--

ALTER TABLE ONLY crm.contact_consents
    ADD CONSTRAINT contact_consents_recorded_by_fkey FOREIGN KEY (recorded_by) REFERENCES crm.users(id) ON DELETE SET NULL;


--
-- Name: contacts contacts_account_id_fkey; Type: FK CONSTRAINT; Schema: crm; Owner: -
--

ALTER TABLE ONLY crm.contacts
    ADD CONSTRAINT contacts_account_id_fkey FOREIGN KEY (account_id) REFERENCES crm.accounts(id) ON DELETE SET NULL;


--
-- Name: contacts contacts_owner_id_fkey; Type: FK CONSTRAINT; Schema: crm; Owner: -
--

ALTER TABLE ONLY crm.contacts
    ADD CONSTRAINT contacts_owner_id_fkey FOREIGN KEY (owner_id) REFERENCES crm.users(id) ON DELETE SET NULL;


--
-- Name: deal_contacts deal_contacts_contact_id_fkey; Type: FK CONSTRAINT; Schema: crm; Owner: -
--

ALTER TABLE ONLY crm.deal_contacts
    ADD CONSTRAINT deal_contacts_contact_id_fkey FOREIGN KEY (contact_id) REFERENCES crm.contacts(id) ON DELETE CASCADE;


--
-- Name: deal_contacts deal_contacts_deal_id_fkey; Type: FK CONSTRAINT; Schema: crm; Owner: -
--

ALTER TABLE ONLY crm.deal_contacts
    ADD CONSTRAINT deal_contacts_deal_id_fkey FOREIGN KEY (deal_id) REFERENCES crm.deals(id) ON DELETE CASCADE;


--
-- Name: deal_stage_history deal_stage_history_changed_by_fkey; Type: FK CONSTRAINT; Schema: crm; Owner: -
--

ALTER TABLE ONLY crm.deal_stage_history
    ADD CONSTRAINT deal_stage_history_changed_by_fkey FOREIGN KEY (changed_by) REFERENCES crm.users(id) ON DELETE SET NULL;


--
-- Name: deal_stage_history deal_stage_history_deal_id_fkey; Type: FK CONSTRAINT; Schema: crm; Owner: -
--

ALTER TABLE ONLY crm.deal_stage_history
    ADD CONSTRAINT deal_stage_history_deal_id_fkey FOREIGN KEY (deal_id) REFERENCES crm.deals(id) ON DELETE CASCADE;


--
-- Name: deal_stage_history deal_stage_history_from_stage_id_fkey; Type: FK CONSTRAINT; Schema: crm; Owner: -
--

ALTER TABLE ONLY crm.deal_stage_history
    ADD CONSTRAINT deal_stage_history_from_stage_id_fkey FOREIGN KEY (from_stage_id) REFERENCES crm.pipeline_stages(id) ON DELETE SET NULL;


--
-- Name: deal_stage_history deal_stage_history_to_stage_id_fkey; Type: FK CONSTRAINT; Schema: crm; Owner: -
--

ALTER TABLE ONLY crm.deal_stage_history
    ADD CONSTRAINT deal_stage_history_to_stage_id_fkey FOREIGN KEY (to_stage_id) REFERENCES crm.pipeline_stages(id) ON DELETE SET NULL;


--
-- Name: deals deals_account_id_fkey; Type: FK CONSTRAINT; Schema: crm; Owner: -
--

ALTER TABLE ONLY crm.deals
    ADD CONSTRAINT deals_account_id_fkey FOREIGN KEY (account_id) REFERENCES crm.accounts(id) ON DELETE RESTRICT;


--
-- Name: deals deals_owner_id_fkey; Type: FK CONSTRAINT; Schema: crm; Owner: -
--

ALTER TABLE ONLY crm.deals
    ADD CONSTRAINT deals_owner_id_fkey FOREIGN KEY (owner_id) REFERENCES crm.users(id);


--
-- Name: deals deals_pipeline_id_fkey; Type: FK CONSTRAINT; Schema: crm; Owner: -
--

ALTER TABLE ONLY crm.deals
    ADD CONSTRAINT deals_pipeline_id_fkey FOREIGN KEY (pipeline_id) REFERENCES crm.pipelines(id);


--
-- Name: deals deals_stage_of_pipeline_fkey; Type: FK CONSTRAINT; Schema: crm; Owner: -
--

ALTER TABLE ONLY crm.deals
    ADD CONSTRAINT deals_stage_of_pipeline_fkey FOREIGN KEY (pipeline_id, stage_id) REFERENCES crm.pipeline_stages(pipeline_id, id);


--
-- Name: leads leads_converted_contact_id_fkey; Type: FK CONSTRAINT; Schema: crm; Owner: -
--

ALTER TABLE ONLY crm.leads
    ADD CONSTRAINT leads_converted_contact_id_fkey FOREIGN KEY (converted_contact_id) REFERENCES crm.contacts(id) ON DELETE SET NULL;


--
-- Name: leads leads_owner_id_fkey; Type: FK CONSTRAINT; Schema: crm; Owner: -
--

ALTER TABLE ONLY crm.leads
    ADD CONSTRAINT leads_owner_id_fkey FOREIGN KEY (owner_id) REFERENCES crm.users(id) ON DELETE SET NULL;


--
-- Name: notes notes_account_id_fkey; Type: FK CONSTRAINT; Schema: crm; Owner: -
--

ALTER TABLE ONLY crm.notes
    ADD CONSTRAINT notes_account_id_fkey FOREIGN KEY (account_id) REFERENCES crm.accounts(id) ON DELETE CASCADE;


--
-- Name: notes notes_author_id_fkey; Type: FK CONSTRAINT; Schema: crm; Owner: -
--

ALTER TABLE ONLY crm.notes
    ADD CONSTRAINT notes_author_id_fkey FOREIGN KEY (author_id) REFERENCES crm.users(id);


--
-- Name: notes notes_contact_id_fkey; Type: FK CONSTRAINT; Schema: crm; Owner: -
--

ALTER TABLE ONLY crm.notes
    ADD CONSTRAINT notes_contact_id_fkey FOREIGN KEY (contact_id) REFERENCES crm.contacts(id) ON DELETE CASCADE;


--
-- Name: notes notes_deal_id_fkey; Type: FK CONSTRAINT; Schema: crm; Owner: -
--

ALTER TABLE ONLY crm.notes
    ADD CONSTRAINT notes_deal_id_fkey FOREIGN KEY (deal_id) REFERENCES crm.deals(id) ON DELETE CASCADE;


--
-- Name: pipeline_stages pipeline_stages_pipeline_id_fkey; Type: FK CONSTRAINT; Schema: crm; Owner: -
--

ALTER TABLE ONLY crm.pipeline_stages
    ADD CONSTRAINT pipeline_stages_pipeline_id_fkey FOREIGN KEY (pipeline_id) REFERENCES crm.pipelines(id) ON DELETE CASCADE;


--
-- Name: tasks tasks_account_id_fkey; Type: FK CONSTRAINT; Schema: crm; Owner: -
--

ALTER TABLE ONLY crm.tasks
    ADD CONSTRAINT tasks_account_id_fkey FOREIGN KEY (account_id) REFERENCES crm.accounts(id) ON DELETE CASCADE;


--
-- Name: tasks tasks_assignee_id_fkey; Type: FK CONSTRAINT; Schema: crm; Owner: -
--

ALTER TABLE ONLY crm.tasks
    ADD CONSTRAINT tasks_assignee_id_fkey FOREIGN KEY (assignee_id) REFERENCES crm.users(id) ON DELETE SET NULL;


--
-- Name: tasks tasks_created_by_fkey; Type: FK CONSTRAINT; Schema: crm; Owner: -
--

ALTER TABLE ONLY crm.tasks
    ADD CONSTRAINT tasks_created_by_fkey FOREIGN KEY (created_by) REFERENCES crm.users(id) ON DELETE SET NULL;


--
-- Name: tasks tasks_deal_id_fkey; Type: FK CONSTRAINT; Schema: crm; Owner: -
--

ALTER TABLE ONLY crm.tasks
    ADD CONSTRAINT tasks_deal_id_fkey FOREIGN KEY (deal_id) REFERENCES crm.deals(id) ON DELETE CASCADE;


--
-- Name: team_members team_members_team_id_fkey; Type: FK CONSTRAINT; Schema: crm; Owner: -
--

ALTER TABLE ONLY crm.team_members
    ADD CONSTRAINT team_members_team_id_fkey FOREIGN KEY (team_id) REFERENCES crm.teams(id) ON DELETE CASCADE;


--
-- Name: team_members team_members_user_id_fkey; Type: FK CONSTRAINT; Schema: crm; Owner: -
--

ALTER TABLE ONLY crm.team_members
    ADD CONSTRAINT team_members_user_id_fkey FOREIGN KEY (user_id) REFERENCES crm.users(id) ON DELETE CASCADE;


--
-- Name: teams teams_lead_user_id_fkey; Type: FK CONSTRAINT; Schema: crm; Owner: -
--

ALTER TABLE ONLY crm.teams
    ADD CONSTRAINT teams_lead_user_id_fkey FOREIGN KEY (lead_user_id) REFERENCES crm.users(id) ON DELETE SET NULL;


--
-- Name: teams teams_parent_team_id_fkey; Type: FK CONSTRAINT; Schema: crm; Owner: -
--

ALTER TABLE ONLY crm.teams
    ADD CONSTRAINT teams_parent_team_id_fkey FOREIGN KEY (parent_team_id) REFERENCES crm.teams(id) ON DELETE RESTRICT;


--
-- Name: notes; Type: ROW SECURITY; Schema: crm; Owner: -
--

ALTER TABLE crm.notes ENABLE ROW LEVEL SECURITY;

--
-- Name: notes notes_private_to_author; Type: POLICY; Schema: crm; Owner: -
--

CREATE POLICY notes_private_to_author ON crm.notes USING (((NOT is_private) OR (author_id = crm.current_user_id()))) WITH CHECK ((author_id = crm.current_user_id()));


--
-- Name: POLICY notes_private_to_author ON notes; Type: COMMENT; Schema: crm; Owner: -
--

COMMENT ON POLICY notes_private_to_author ON crm.notes IS 'Private notes are seen by their author alone; nobody writes in the name of another';


--
-- PostgreSQL database dump complete
--

--
-- Dbmate schema migrations
--

INSERT INTO public.schema_migrations (version) VALUES
    ('001'),
    ('002'),
    ('003'),
    ('004'),
    ('005'),
    ('006'),
    ('007'),
    ('008');
