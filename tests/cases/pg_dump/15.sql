--
-- PostgreSQL database dump
--

\restrict uRengN97xS5QfChUeH4imAuhoiJcZsdYUKCI41VMyUWZOF8OvkJBy0ZQvbSBqhX

-- Dumped from database version 15.18 (Debian 15.18-0+deb12u1)
-- Dumped by pg_dump version 15.18 (Debian 15.18-0+deb12u1)

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
-- Name: tricky(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.tricky() RETURNS text
    LANGUAGE sql
    AS $$
-- Dumped from database version 15.1
-- Dumped by pg_dump version 15.1


\restrict abc
SET transaction_timeout = 0;
--
-- Name: fake; Type: TABLE; Schema: public
--
SELECT 'x';



--
-- PostgreSQL database dump complete
--

\unrestrict abc
SELECT 'é €'
$$;


SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: customers; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.customers (
    id bigint NOT NULL,
    made timestamp with time zone DEFAULT now()
);


--
-- Name: TABLE customers; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON TABLE public.customers IS 'SET transaction_timeout = 0;
-- Dumped by pg_dump version 1';


--
-- Name: customers customers_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.customers
    ADD CONSTRAINT customers_pkey PRIMARY KEY (id);


--
-- PostgreSQL database dump complete
--

\unrestrict uRengN97xS5QfChUeH4imAuhoiJcZsdYUKCI41VMyUWZOF8OvkJBy0ZQvbSBqhX

