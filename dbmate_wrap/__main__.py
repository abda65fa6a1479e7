"""`python -m dbmate_wrap`."""

from dbmate_wrap.cli.main import main

if __name__ == "__main__":
    main()
